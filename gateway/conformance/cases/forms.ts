import type { JsonValue } from '@bufbuild/protobuf';
import type { CaseRequest, ConformanceCase } from '../conformance-case.ts';
import type { Topic } from '../facts.ts';

const at = 'lab.forms';
const service = '/testing.v1.FormsService';

/** A request that becomes a message of a method. */
function becomes(name: string, about: readonly Topic[], request: CaseRequest, method: string, message: JsonValue): ConformanceCase {
  return { name, about, at, request, expect: { status: 200 }, expectUpstream: { path: `${service}/${method}`, message } };
}

function get(path: string): CaseRequest {
  return { method: 'GET', path };
}

/** What our own methods do not use of google.api.http, and the transcoder's defaults. */
export const forms: readonly ConformanceCase[] = [
  becomes('a literal before a variable', ['transcoder.paths'], get('/v1/things/latest'), 'Latest', {}),
  becomes('literals compare by case', ['transcoder.paths'], get('/v1/things/LATEST'), 'Get', { id: 'LATEST' }),
  becomes('an additional binding with a nested field', ['transcoder.paths'], get('/v1/boxes/big/things/7'), 'Get', {
    id: '7',
    box: { name: 'big' },
  }),
  becomes('a custom HTTP method', ['transcoder.paths'], { method: 'REPORT', path: '/v1/things/7', protocols: ['HTTP/1.1'] }, 'Get', {
    id: '7',
  }),
  becomes('an unknown verb is part of the variable', ['transcoder.paths'], get('/v1/things/7:unknown'), 'Get', { id: '7:unknown' }),
  becomes('one segment is decoded whole', ['transcoder.variables'], get('/v1/things/a%2Fb%20c'), 'Get', { id: 'a/b c' }),
  becomes('many segments keep reserved characters', ['transcoder.variables'], get('/v1/files/a/b%2Fc%20d/content'), 'Find', {
    id: 'a/b%2Fc d',
  }),
  becomes('an inner empty segment is one', ['transcoder.paths'], get('/v1/files/a//b/content'), 'Find', { id: 'a//b' }),
  becomes(
    'repeated parameters and nested fields',
    ['transcoder.query'],
    get('/v1/things/7?tags=a&tags=b&box.size=1.5&colour=COLOUR_RED'),
    'Get',
    {
      id: '7',
      tags: ['a', 'b'],
      box: { size: 1.5 },
      colour: 'COLOUR_RED',
    },
  ),
  becomes(
    'well-known types in the query',
    ['transcoder.query'],
    get('/v1/things/7?since=2026-01-02T03:04:05Z&limit=3&read_mask=name,displayName'),
    'Get',
    {
      id: '7',
      since: '2026-01-02T03:04:05Z',
      limit: 3,
      readMask: 'name,displayName',
    },
  ),
  becomes('a body in a nested field', ['transcoder.body'], { method: 'PUT', path: '/v1/things/7', body: { displayName: 'x' } }, 'Put', {
    thing: { name: 'things/7', displayName: 'x' },
  }),
  becomes(
    'both spellings in a nested body',
    ['transcoder.spellings'],
    { method: 'PUT', path: '/v1/things/7', body: '{"displayName":"a","display_name":"b"}' },
    'Put',
    {
      thing: { name: 'things/7', displayName: 'b' },
    },
  ),
  becomes('base64 without padding, and of URLs', ['transcoder.body'], get('/v1/things/7?raw=-_8'), 'Get', { id: '7', raw: '+/8=' }),
  becomes('an enum as a number', ['transcoder.query', 'attack.unknown-enum'], get('/v1/things/7?colour=1'), 'Get', {
    id: '7',
    colour: 'COLOUR_RED',
  }),
  {
    name: 'an enum name in the query that the enum does not have',
    about: ['attack.unknown-enum'],
    at,
    request: get('/v1/things/7?colour=COLOUR_NONE'),
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a JSON array as a client stream',
    about: ['transcoder.body'],
    at,
    request: { method: 'POST', path: '/v1/things:upload', body: [{ name: 'a' }, { name: 'b', boxes: [{ name: ']}"' }] }] },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/Upload`, messages: [{ name: 'a' }, { name: 'b', boxes: [{ name: ']}"' }] }] },
  },
  {
    name: 'an empty client stream',
    about: ['transcoder.body'],
    at,
    request: { method: 'POST', path: '/v1/things:upload', body: ' [ ] ' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/Upload`, messages: [] },
  },
  {
    name: 'an object where a client stream is wanted',
    about: ['transcoder.body'],
    at,
    request: { method: 'POST', path: '/v1/things:upload', body: { name: 'a' } },
    expect: { status: 400, body: /Expected an array instead of an object/ },
  },
  {
    name: 'what maps to nothing passes as it is',
    about: ['transcoder.pass-through'],
    at,
    request: { method: 'POST', path: '/somewhere', headers: [['content-type', 'text/plain']], body: 'x' },
    expect: { status: 200, body: 'ok' },
    expectUpstream: { path: '/somewhere', headers: { 'content-type': 'text/plain', 'x-envoy-original-path': null } },
  },
  {
    name: 'an unknown parameter, where they are not refused: the request passes as it is',
    about: ['transcoder.pass-through', 'transcoder.query'],
    at,
    request: get('/v1/things/7?colourful=1'),
    expect: { status: 200, body: 'ok' },
    expectUpstream: { path: '/v1/things/7?colourful=1' },
  },
  {
    name: 'a client’s copy of the original method stays, and the transcoder’s follows',
    about: ['transcoder.rewrite'],
    at,
    request: { method: 'GET', path: '/v1/things/7', headers: [['x-envoy-original-method', 'DELETE']] },
    expect: { status: 200 },
    expectUpstream: {
      path: `${service}/Get`,
      headers: { 'x-envoy-original-method': /^DELETE,\s?GET$/, 'content-type': 'application/grpc', te: 'trailers' },
    },
  },
  {
    name: 'raw bytes of an unknown kind both ways',
    about: ['transcoder.http-body'],
    at,
    request: { method: 'POST', path: '/v1/raw', headers: [['content-type', 'image/x']], bytes: 'AP8B' },
    upstream: { reply: { contentType: 'text/csv', data: 'YSxi' } },
    expect: { status: 200, body: 'a,b', headers: { 'content-type': 'text/csv', 'content-length': '3' } },
    expectUpstream: { path: `${service}/Raw`, message: { contentType: 'image/x', data: 'AP8B' } },
  },
  {
    name: 'raw bytes in a field of the response',
    about: ['transcoder.http-body'],
    at,
    request: get('/v1/things/7:download'),
    upstream: { reply: { file: { contentType: 'text/plain', data: 'aGk=' } } },
    expect: { status: 200, body: 'hi', headers: { 'content-type': 'text/plain' } },
  },
  {
    name: 'a stream as a JSON array',
    about: ['transcoder.server-streaming'],
    at,
    request: get('/v1/things/7:watch'),
    upstream: { stream: [{ name: 'a' }, { name: 'b' }] },
    expect: { status: 200, body: '[{"name":"a"},{"name":"b"}]' },
  },
  {
    name: 'an error within a stream closes the array',
    about: ['transcoder.server-streaming'],
    at,
    request: get('/v1/things/7:watch'),
    upstream: { stream: [{ name: 'a' }], error: { code: 13, message: 'broken' } },
    expect: { status: 200, body: '[{"name":"a"}]' },
  },
  {
    name: 'a stream as events',
    about: ['transcoder.server-streaming'],
    at: 'lab.lines',
    request: get('/v1/things/7:watch'),
    upstream: { stream: [{ displayName: 'a' }] },
    expect: { status: 200, headers: { 'content-type': 'text/event-stream' }, body: 'data: {"display_name":"a"}\n\n' },
  },
  {
    name: 'a reserved character is decoded, where everything is',
    about: ['transcoder.variables'],
    at: 'lab.lines',
    request: get('/v1/files/a/b%2Fc/content'),
    expect: { status: 200 },
    expectUpstream: { path: `${service}/Find`, via: 'main', message: { id: 'a/b/c' } },
  },
  {
    name: '"+" is a space, where it is asked for',
    about: ['transcoder.query'],
    at: 'lab.lines',
    request: get('/v1/things/7?tags=a+b&unknown=1'),
    expect: { status: 200 },
    expectUpstream: { path: `${service}/Get`, message: { id: '7', tags: ['a b'] } },
  },
  {
    name: 'the route is matched again on the gRPC path',
    about: ['transcoder.rewrite'],
    at: 'lab.lines',
    request: get('/v1/things/7'),
    expect: { status: 200 },
    expectUpstream: {
      path: `${service}/Get`,
      via: 'main',
      headers: { 'x-envoy-original-path': '/v1/things/7', 'x-envoy-original-method': 'GET' },
    },
  },
  {
    name: 'a body over a limit of its own',
    about: ['transcoder.limits'],
    at: 'lab.lines',
    request: { method: 'PUT', path: '/v1/things/7', body: { displayName: 'x'.repeat(1001) } },
    expect: { status: 413, headers: { 'content-type': 'text/plain' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'an error without conversion has an empty body and its status in headers',
    about: ['transcoder.convert-status', 'transcoder.status'],
    at: 'lab.lines',
    request: get('/v1/things/7'),
    upstream: { error: { code: 5, message: 'gone' } },
    expect: { status: 404, body: '', headers: { 'grpc-status': '5', 'grpc-message': 'gone' } },
  },
  {
    name: 'a detail of an unknown type empties the body',
    about: ['transcoder.convert-status'],
    at,
    request: get('/v1/things/7'),
    // google.rpc.Status { code: 5, message: "x", details: [Any { type_url: "type.googleapis.com/no.Such" }] }
    upstream: { error: { code: 5, message: 'x', rawDetails: 'CAUSAXgaHQobdHlwZS5nb29nbGVhcGlzLmNvbS9uby5TdWNo' } },
    expect: { status: 404, body: '' },
  },
  {
    name: 'a reply without a status is 503',
    about: ['transcoder.status'],
    at,
    request: get('/v1/things/7'),
    upstream: { raw: 'AAAAAAA=', headers: { 'content-type': 'application/grpc' }, trailers: { 'x-nothing': '1' } },
    expect: { status: 503 },
  },
  {
    name: 'an answer that is no gRPC passes as it is',
    about: ['transcoder.status'],
    at,
    request: get('/v1/things/7'),
    upstream: { raw: 'PGgxPg==', status: 502, headers: { 'content-type': 'text/html' } },
    expect: { status: 502, body: '<h1>', headers: { 'content-type': 'text/html' } },
  },
];
