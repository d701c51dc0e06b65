import { expect, test } from 'vitest';
import type { HttpStream } from './http-stream.ts';
import { compileJsonFormat } from './substitution.ts';

const stream = { bytesSent: 12, details: '', upstreamCluster: 'a "b"\n', flags: '-' } as HttpStream;
const format = {
  name: 'with "quotes"',
  size: '%BYTES_SENT%',
  absent: '%RESPONSE_CODE_DETAILS%',
  joined: '%UPSTREAM_CLUSTER%/%RESPONSE_CODE_DETAILS%',
  inner: { absent: '%RESPONSE_CODE_DETAILS%', flags: '%RESPONSE_FLAGS%' },
  list: ['%BYTES_SENT%', '%RESPONSE_CODE_DETAILS%', true, 7],
};

test('a JSON line keeps the type of a lone command, escapes texts and says null for what is absent', () => {
  expect(JSON.parse(compileJsonFormat(format, false)(stream))).toEqual({
    name: 'with "quotes"',
    size: 12,
    absent: null,
    joined: 'a "b"\n/-',
    inner: { absent: null, flags: '-' },
    list: [12, null, true, 7],
  });
});

test('omit_empty_values leaves absent fields out, the first one too', () => {
  const render = compileJsonFormat({ first: '%RESPONSE_CODE_DETAILS%', ...format }, true);
  expect(JSON.parse(render(stream))).toEqual({
    name: 'with "quotes"',
    size: 12,
    joined: 'a "b"\n/-',
    inner: { flags: '-' },
    list: [12, null, true, 7],
  });
});
