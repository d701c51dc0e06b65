import type { Endpoints } from '../../platform/endpoints.ts';
import { type AskedCall, placeOf, type ReadyCall } from './asked-call.ts';
import type { DescribedMethods } from './described-methods.ts';
import { restRequest } from './rest-request.ts';

/** A call as something that can be pasted: with a token that is fetched there, never with one inside. */
export function copyCall(
  form: 'curl' | 'grpcurl' | 'typescript',
  asked: AskedCall,
  call: ReadyCall,
  methods: DescribedMethods,
  endpoints: Endpoints,
): string {
  const { header } = placeOf(call.method, { protocol: 'grpc' }, endpoints);
  const token = tokenCommand(asked, call);
  const json = JSON.stringify(call.json);
  const host = new URL(call.url).host;
  if (form === 'grpcurl') {
    return [
      'grpcurl -plaintext',
      ...(token === undefined ? [] : [`-H "${header}: Bearer $(${token})"`]),
      `-d ${quoted(json)}`,
      `${host} ${call.method.grpcPath.slice(1)}`,
    ].join(' \\\n  ');
  }
  if (form === 'curl') {
    const { method, path, body, contentType } = restRequest(call.method.http, call.method.desc.input, call.json, methods.registry);
    return [
      `curl -s -X ${method} ${quoted(`${call.url}${path}`)}`,
      ...(token === undefined ? [] : [`-H "${header}: Bearer $(${token})"`]),
      ...(body === undefined ? [] : [`-H ${quoted(`content-type: ${contentType}`)}`, `-d ${quoted(body)}`]),
    ].join(' \\\n  ');
  }
  const service = call.method.desc.parent;
  const isStream = call.method.desc.methodKind === 'server_streaming';
  return [
    `import { createClient } from '@connectrpc/connect';`,
    `import { createGrpcWebTransport } from '@connectrpc/connect-web';`,
    `import { ${service.name} } from './gen/${service.file.name}_pb.js';`,
    '',
    `const client = createClient(${service.name}, createGrpcWebTransport({ baseUrl: '${call.url}' }));`,
    ...(token === undefined ? ['const headers = {};'] : [`// token: ${token}`, "const headers = { authorization: 'Bearer ' + token };"]),
    isStream
      ? `for await (const answer of client.${call.method.desc.localName}(${json}, { headers })) console.log(answer);`
      : `console.log(await client.${call.method.desc.localName}(${json}, { headers }));`,
  ].join('\n');
}

function tokenCommand({ identity: { kind, subject }, preview }: AskedCall, { method }: ReadyCall): string | undefined {
  if (kind === 'none') return undefined;
  const previews = Object.entries(preview).map(([service, tag]) => ` --preview ${word(`${service}=${tag}`)}`);
  const whose = kind === 'service' ? `service ${method.workload} --as ${word(subject)}` : `${kind} ${word(subject)}`;
  return `npm run -s token -- ${whose}${previews.join('')}`;
}

/** For a POSIX shell: whom a call was by is what somebody else's token has said. */
function word(text: string): string {
  return /^[\w@.:/=-]+$/.test(text) ? text : quoted(text);
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
