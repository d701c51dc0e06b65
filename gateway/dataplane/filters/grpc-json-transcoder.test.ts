import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, fromBinary, type JsonValue } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildFormsDescriptor } from '../../conformance/forms-descriptor.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../../conformance/scripted-upstream.ts';
import { type DataPlane, startDataPlane } from '../start-data-plane.ts';
import { filter, testBootstrap } from '../testing/test-bootstrap.ts';

const folder = mkdtempSync(join(tmpdir(), 'kumiko-forms-'));
let descriptor = '';
const service = '/testing.v1.FormsService';

let upstream: ScriptedUpstream;
const planes: DataPlane[] = [];

beforeAll(async () => {
  descriptor = buildFormsDescriptor(folder);
  upstream = await startScriptedUpstream(createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptor))));
});
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
});
afterAll(async () => {
  await upstream.close();
  rmSync(folder, { recursive: true });
});

async function start(options: object = {}): Promise<string> {
  const transcoder = filter('envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder', {
    proto_descriptor: descriptor,
    services: ['testing.v1.FormsService'],
    convert_grpc_status: true,
    ...options,
  });
  const plane = await startDataPlane(
    testBootstrap({
      clusters: { forms: upstream.port },
      routes: [{ match: { prefix: '/' }, route: { cluster: 'forms' } }],
      filters: [transcoder],
    }),
  );
  planes.push(plane);
  upstream.script(undefined);
  return `http://127.0.0.1:${plane.ports.test}`;
}

async function seen(url: string, init?: RequestInit): Promise<[path: string, message: JsonValue | undefined]> {
  const response = await fetch(url, init);
  expect(response.status, await response.text()).toBe(200);
  const last = upstream.seen.at(-1)!;
  return [last.path.replace(`${service}/`, ''), last.messages[0]];
}

describe('requests', () => {
  test('paths: variables, nested fields, literals first, custom methods, "**"', async () => {
    const url = await start();
    expect(await seen(`${url}/v1/things/a%20b%2Fc`)).toEqual(['Get', { id: 'a b/c' }]);
    expect(await seen(`${url}/v1/things/latest`)).toEqual(['Latest', {}]);
    expect(await seen(`${url}/v1/boxes/big/things/7`)).toEqual(['Get', { id: '7', box: { name: 'big' } }]);
    expect(await seen(`${url}/v1/things/7`, { method: 'REPORT' })).toEqual(['Get', { id: '7' }]);
    expect(await seen(`${url}/v1/files/a/b%2Fc/d/content`)).toEqual(['Find', { id: 'a/b%2Fc/d' }]);
    expect(await seen(`${url}/v1/things/7:unknown`)).toEqual(['Get', { id: '7:unknown' }]);
  });

  test('query parameters of every type', async () => {
    const url = await start();
    const query =
      'tags=a&tags=b&colour=COLOUR_RED&big=9007199254740993&since=2026-01-02T03:04:05Z&limit=3&deep=true&byNumber=4&read_mask=name,displayName&raw=AQI&box.size=1.5';
    expect((await seen(`${url}/v1/things/7?${query}`))[1]).toEqual({
      id: '7',
      tags: ['a', 'b'],
      colour: 'COLOUR_RED',
      big: '9007199254740993',
      since: '2026-01-02T03:04:05Z',
      limit: 3,
      deep: true,
      byNumber: 4,
      readMask: 'name,displayName',
      raw: 'AQI=',
      box: { size: 1.5 },
    });
    for (const bad of ['big=x', 'big=9223372036854775808', 'deep=yes', 'colour=COLOUR_NONE', 'since=never', 'box=1']) {
      expect((await fetch(`${url}/v1/things/7?${bad}`)).status, bad).toBe(400);
    }
  });

  test('bodies: a nested field, a list, raw bytes, a JSON array as a stream', async () => {
    const url = await start();
    const json = (method: string, body: string): RequestInit => ({ method, body, headers: { 'content-type': 'application/json' } });
    expect(await seen(`${url}/v1/things/7`, json('PUT', '{"displayName":"x","boxes":[{"size":"2"}]}'))).toEqual([
      'Put',
      { thing: { name: 'things/7', displayName: 'x', boxes: [{ size: 2 }] } },
    ]);
    expect(await seen(`${url}/v1/things/7:tag`, json('POST', '["a","b"]'))).toEqual(['Tag', { id: '7', tags: ['a', 'b'] }]);
    expect(await seen(`${url}/v1/raw`, { method: 'POST', body: 'bytes', headers: { 'content-type': 'image/x' } })).toEqual([
      'Raw',
      { contentType: 'image/x', data: 'Ynl0ZXM=' },
    ]);
    await seen(`${url}/v1/things:upload`, json('POST', '[{"name":"a"},{"name":"b"}]'));
    expect(upstream.seen.at(-1)!.messages).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  test('enum values: numbers as text are taken, unknown names are refused, case counts unless told otherwise', async () => {
    const put = (url: string, colour: string) =>
      fetch(`${url}/v1/things/7`, {
        method: 'PUT',
        body: JSON.stringify({ colour, unknown: 1 }),
        headers: { 'content-type': 'application/json' },
      });
    const strict = await start();
    expect((await put(strict, '1')).status).toBe(200);
    expect(upstream.seen.at(-1)!.messages[0]).toEqual({ thing: { name: 'things/7', colour: 'COLOUR_RED' } });
    expect((await put(strict, 'COLOUR_NONE')).status).toBe(400);
    expect((await put(strict, 'colour_red')).status).toBe(400);
    const lenient = await start({ case_insensitive_enum_parsing: true });
    expect((await put(lenient, 'colour_red')).status).toBe(200);
  });

  test('without strict options what does not map goes through as it is', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/v1/nothing`)).text()).toBe('ok');
    expect(upstream.seen.at(-1)!.path).toBe('/v1/nothing');
    const ignoring = await start({ ignore_unknown_query_parameters: true });
    expect((await seen(`${ignoring}/v1/things/7?x=1`))[1]).toEqual({ id: '7' });
  });
});

describe('responses', () => {
  const thing = { name: 'n', colour: 'COLOUR_RED', displayName: 'd' };

  async function body(options: object, path: string): Promise<string> {
    const url = await start(options);
    upstream.script(path.endsWith(':watch') ? { stream: [thing, { name: 'm' }] } : { reply: thing });
    return (await fetch(url + path)).text();
  }

  test('print options', async () => {
    expect(await body({}, '/v1/things/7')).toBe('{"name":"n","colour":"COLOUR_RED","displayName":"d"}');
    expect(await body({ print_options: { preserve_proto_field_names: true, always_print_enums_as_ints: true } }, '/v1/things/7')).toBe(
      '{"name":"n","colour":1,"display_name":"d"}',
    );
    expect(await body({ print_options: { always_print_primitive_fields: true } }, '/v1/things/7')).toBe(
      '{"name":"n","colour":"COLOUR_RED","count":0,"boxes":[],"displayName":"d"}',
    );
    expect(await body({ print_options: { add_whitespace: true } }, '/v1/things/7')).toContain('\n "name": "n"');
  });

  test('streams: an array, lines, server-sent events', async () => {
    const [first, second] = ['{"name":"n","colour":"COLOUR_RED","displayName":"d"}', '{"name":"m"}'];
    expect(await body({}, '/v1/things/7:watch')).toBe(`[${first},${second}]`);
    expect(await body({ print_options: { stream_newline_delimited: true } }, '/v1/things/7:watch')).toBe(`${first}\n${second}\n`);
    expect(await body({ print_options: { stream_sse_style_delimited: true } }, '/v1/things/7:watch')).toBe(
      `data: ${first}\n\ndata: ${second}\n\n`,
    );
  });

  test('raw bytes: a whole response and a field of one', async () => {
    const url = await start();
    upstream.script({ reply: { contentType: 'text/x', data: 'aGk=' } });
    const raw = await fetch(`${url}/v1/raw`, { method: 'POST', body: '' });
    expect([raw.headers.get('content-type'), await raw.text()]).toEqual(['text/x', 'hi']);
    upstream.script({ reply: { file: { contentType: 'text/y', data: 'aGk=' } } });
    const file = await fetch(`${url}/v1/things/7:download`);
    expect([file.headers.get('content-type'), await file.text()]).toEqual(['text/y', 'hi']);
  });

  test('without convert_grpc_status an error has its status in headers and no body', async () => {
    const url = await start({ convert_grpc_status: false });
    upstream.script({ error: { code: 5, message: 'none' } });
    const response = await fetch(`${url}/v1/things/7`);
    expect([response.status, response.headers.get('grpc-status'), response.headers.get('grpc-message'), await response.text()]).toEqual([
      404,
      '5',
      'none',
      '',
    ]);
  });

  test('a response over the limit is 500', async () => {
    const url = await start({ max_response_body_size: 100 });
    upstream.script({ reply: { name: 'x'.repeat(200) } });
    const response = await fetch(`${url}/v1/things/7`);
    expect([response.status, await response.text()]).toEqual([
      500,
      "Response not transcoded because the transcoder's internal buffer size exceeds the configured limit.",
    ]);
  });
});
