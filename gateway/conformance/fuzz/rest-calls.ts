import { listGatewayMethods } from '../../bootstrap/gateway-methods.ts';
import { spoofedHeaders } from '../spoofed-headers.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

/** One request before it is framed. */
export interface RestCall {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
}

const methods = listGatewayMethods('edge').filter(({ bindings }) => bindings.length > 0);
const texts = [
  'tea',
  'g1',
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%00',
  '%ff',
  'a:b',
  'a%20b',
  '組',
  '*',
  'x'.repeat(300),
  '../..',
  'a;b=c',
  '{x}',
  '%',
  '%zz',
];
const values: readonly unknown[] = [
  1,
  -1,
  1e30,
  '1',
  'x',
  true,
  null,
  [],
  {},
  [[]],
  'STATE_NONE',
  '2026-01-01T00:00:00Z',
  '\ud800',
  '9'.repeat(40),
  { a: { b: {} } },
];
const extra: readonly (readonly [string, string])[] = [
  ...spoofedHeaders,
  ['content-type', 'application/grpc'],
  ['content-type', 'application/json'],
  ['accept-encoding', 'gzip, br'],
  ['origin', 'http://localhost:5173'],
  ['access-control-request-method', 'GET'],
  ['grpc-timeout', '1n'],
  ['grpc-timeout', '99999999H'],
  ['grpc-encoding', 'gzip'],
  ['te', 'trailers'],
  ['x_under', '1'],
  ['expect', '100-continue'],
  ['x-forwarded-for', '1.2.3.4, 5.6.7.8'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
];

/** The forms of gRPC that the edge takes. */
const nativeForms: readonly (readonly (readonly [string, string])[])[] = [
  [
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ],
  [['content-type', 'application/grpc-web+proto']],
  [['content-type', 'application/grpc-web-text']],
  [
    ['content-type', 'application/proto'],
    ['connect-protocol-version', '1'],
  ],
];

/** A request that nearly makes sense: a template of ours with odd values, a body whose fields are known, with a good token, a bad one or none. */
export function randomCall(random: Random, tokens: readonly string[]): RestCall {
  const { bindings, desc, grpcPath } = random.pick(methods);
  const { httpMethod, template } = random.pick(bindings);
  const segments = template.segments.map((segment) => (segment.includes('*') ? random.pick(texts) : segment));
  const verb = template.verb === undefined || template.verb === '' ? '' : `:${template.verb}`;
  const native = random.oneIn(8);
  let path = native ? grpcPath : `/${segments.join('/')}${verb}`;
  if (random.oneIn(3))
    path += `?${randomQuery(
      random,
      desc.input.fields.map(({ name }) => name),
    )}`;
  if (random.oneIn(10))
    path = mutate(random, Buffer.from(path))
      .toString('latin1')
      .replaceAll(/[\r\n]/g, '');
  const headers: (readonly [string, string])[] = [];
  if (native) headers.push(...random.pick(nativeForms));
  const token = random.pick([...tokens, 'a.b.c', 'forged', undefined]);
  if (token !== undefined)
    headers.push(['authorization', `Bearer ${random.oneIn(10) ? mutate(random, Buffer.from(token)).toString('base64url') : token}`]);
  for (let n = random.below(4); n > 0; n--) headers.push(random.pick(extra));
  const hasBody = native || httpMethod === 'POST' || httpMethod === 'PATCH' || random.oneIn(10);
  return {
    method: native ? 'POST' : random.oneIn(20) ? random.pick(['OPTIONS', 'HEAD', 'PUT', 'DELETE']) : httpMethod,
    path,
    headers,
    body: hasBody ? randomBody(random, desc.input.fields, native) : undefined,
  };
}

function randomQuery(random: Random, names: readonly string[]): string {
  return Array.from({ length: 1 + random.below(3) }, () => {
    const name = random.pick([...names, 'unknown', 'a.b.c', '']);
    return random.oneIn(6)
      ? name
      : `${name}=${encodeURIComponent(String(random.pick(['1', 'x', 'true', 'a+b', '2026-01-01T00:00:00Z', '9'.repeat(30)])))}`;
  }).join('&');
}

function randomBody(random: Random, fields: readonly { readonly name: string; readonly jsonName: string }[], native: boolean): Buffer {
  if (native) {
    const payload = random.bytes(random.below(40));
    const header = Buffer.from([random.oneIn(10) ? 1 : 0, 0, 0, 0, random.oneIn(5) ? random.below(255) : payload.length]);
    return Buffer.concat([header, payload]);
  }
  const names = [...fields.flatMap(({ name, jsonName }) => [name, jsonName]), 'unknown', '__proto__', 'constructor'];
  const entries = Array.from(
    { length: random.below(5) },
    () => `${JSON.stringify(random.pick(names))}:${JSON.stringify(random.pick(values))}`,
  );
  const text = Buffer.from(`{${entries.join(',')}}`);
  return random.oneIn(3) ? mutate(random, text) : text;
}
