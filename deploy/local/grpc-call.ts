/** `npm run -s grpc -- HOST:PORT SERVICE/METHOD JSON [TOKEN]`: one native gRPC call, its messages printed as JSON lines. */
import { createFileRegistry, fromJsonString, toJsonString } from '@bufbuild/protobuf';
import { createClient } from '../../services/platform/contracts/client.ts';
import { ClientError } from '../../services/platform/contracts/client-error.ts';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';

const [address, path, json = '{}', token] = process.argv.slice(2);
const registry = createFileRegistry(readDescriptorSet());
const [serviceName = '', methodName = ''] = (path ?? '').split('/');
const service = registry.getService(serviceName);
const method = service?.methods.find((candidate) => candidate.name === methodName);
if (address === undefined || service === undefined || method === undefined) {
  const names = [...registry].filter((type) => type.kind === 'service' && type.typeName.startsWith('kumiko.')).map((type) => type.typeName);
  process.stderr.write(`usage: npm run -s grpc -- HOST:PORT SERVICE/METHOD [JSON] [TOKEN]\nservices: ${names.join(', ')}\n`);
  process.exit(2);
}

const headers = async () => (token === undefined ? {} : { authorization: `Bearer ${token}` });
const client = createClient(service, { url: `http://${address}`, headers });
// The descriptor is known only now, so the client's methods have no static types.
const call = (client as unknown as Record<string, (request: object) => unknown>)[method.localName];
try {
  const answer = call?.(fromJsonString(method.input, json, { registry }));
  const messages = method.methodKind === 'server_streaming' ? answer : [await answer];
  for await (const message of messages as AsyncIterable<never>)
    process.stdout.write(`${toJsonString(method.output, message, { registry })}\n`);
} catch (error) {
  if (!(error instanceof ClientError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  client.close();
}
