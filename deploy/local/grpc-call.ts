/** `npm run -s grpc -- HOST:PORT-OR-URL SERVICE/METHOD JSON [TOKEN]`: one native gRPC call, its messages printed as JSON lines. */

import { parseArgs } from 'node:util';
import { createFileRegistry, type DescMessage, fromJsonString, toJsonString } from '@bufbuild/protobuf';
import { callOf, createClient } from '../../services/platform/contracts/client.ts';
import { ClientError } from '../../services/platform/contracts/client-error.ts';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { services } from '../../services/platform/contracts/services.ts';
import { streamsRequests } from '../../services/platform/contracts/streams.ts';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';

const registry = createFileRegistry(readDescriptorSet());
const usage = `usage: npm run -s grpc -- HOST:PORT|URL SERVICE/METHOD [JSON] [TOKEN]

  one native gRPC call, with TLS to a URL that begins with https; its messages are printed as lines of JSON. The services:
${services.flatMap(({ grpcServices }) => grpcServices.map(({ typeName }) => `  ${typeName}`)).join('\n')}`;

await runCommand({ usage, isMistake: (error) => error instanceof ClientError }, async () => {
  const [address, path = '', json = '{}', token] = parseArgs({ allowPositionals: true }).positionals;
  const [serviceName = '', methodName = ''] = path.split('/');
  const service = registry.getService(serviceName);
  const method = service?.methods.find((candidate) => candidate.name === methodName);
  if (address === undefined) throw new UsageError('HOST:PORT or URL is missing');
  if (service === undefined) throw new UsageError(`there is no service "${serviceName}"`);
  if (method === undefined) {
    throw new UsageError(`${serviceName} has no method "${methodName}": it has ${service.methods.map(({ name }) => name).join(', ')}`);
  }
  if (streamsRequests(method)) {
    throw new UsageError(`${path} takes a stream of requests, which this command cannot send: grpcurl can`);
  }
  const headers = async () => (token === undefined ? {} : { authorization: `Bearer ${token}` });
  const client = createClient(service, { url: address.includes('://') ? address : `http://${address}`, headers });
  try {
    const answer = callOf(client, method.localName)(readRequest(method.input, json));
    const messages = method.methodKind === 'server_streaming' ? answer : [await answer];
    for await (const message of messages as AsyncIterable<never>)
      process.stdout.write(`${toJsonString(method.output, message, { registry })}\n`);
  } finally {
    client.close();
  }
});

function readRequest(type: DescMessage, json: string): object {
  try {
    return fromJsonString(type, json, { registry });
  } catch (error) {
    throw new UsageError(`JSON is no ${type.typeName}: ${errorText(error)}`);
  }
}
