import { expect, test } from 'vitest';
import { envoyText, linesThatLoggingDoesNotUnderstand } from './log-lines.ts';

test.each([
  ['a line of ours', '{"severity":"INFO","time":"2026-11-30T03:36:53.456Z","message":"listening"}', true],
  ['text', 'listening', false],
  ['a severity that there is not', '{"severity":"WARN","message":"listening"}', false],
  ['no message', '{"severity":"INFO"}', false],
  ['a time in milliseconds', '{"severity":"INFO","message":"listening","time":1700000000000}', false],
  ['half an object', '{"severity":"INFO",', false],
])('%s', (_, line, understood) => {
  expect(linesThatLoggingDoesNotUnderstand(`${line}\n`)).toEqual(understood ? [] : [line]);
});

test("Envoy's own log is told from what else is no JSON", () => {
  expect('[2026-11-30 03:56:31.753][12][info][wasm] [source/extensions/common/wasm/context.cc:1151] wasm log').toMatch(envoyText);
  expect('gateway-entrypoint: line 69: 6 Killed').not.toMatch(envoyText);
});
