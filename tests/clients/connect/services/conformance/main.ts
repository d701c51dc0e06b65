/**
 * The service of Connect's conformance suite, on the chassis' server: `main.ts` by itself, `main.ts --edge` behind Envoy with the edge's filters. The suite's
 * runner says on standard input what it wants, and is told where it is (docs/testing_servers.md of the suite).
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { deadline } from '../../../../../services/platform/chassis/interceptors/deadline.ts';
import { errors } from '../../../../../services/platform/chassis/interceptors/errors.ts';
import { validation } from '../../../../../services/platform/chassis/interceptors/validation.ts';
import { bind } from '../../../../../services/platform/chassis/server/bind.ts';
import type { Route } from '../../../../../services/platform/chassis/server/dispatcher.ts';
import { servedMethods } from '../../../../../services/platform/chassis/server/served-method.ts';
import { bindServer } from '../../../../../services/platform/chassis/server/server.ts';
import { startEdge } from '../../../start-edge.ts';
import { ServerCompatRequestSchema, ServerCompatResponseSchema } from '../../gen/types/connectrpc/conformance/v1/server_compat_pb.js';
import { ConformanceService } from '../../gen/types/connectrpc/conformance/v1/service_pb.js';
import { respond } from './respond.ts';

const lengthBytes = 4;

async function readRequest(): Promise<void> {
  let received = Buffer.alloc(0);
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    if (received.length < lengthBytes || received.length < lengthBytes + received.readUInt32BE(0)) continue;
    // Every feature that the request could ask for is settled by the suite's configuration: it has to be read, and nothing more.
    fromBinary(ServerCompatRequestSchema, received.subarray(lengthBytes, lengthBytes + received.readUInt32BE(0)));
    return;
  }
  throw new Error('the runner has said nothing');
}

await readRequest();
const server = await bindServer({
  name: 'conformance',
  host: '127.0.0.1',
  port: 0,
  reflection: false,
  project: 'kumiko-local',
  logger: pino({ level: 'silent' }),
});
// What a handler could not say, the routes below do.
const nothing = async () => ({});
const methods = servedMethods(
  bind(ConformanceService, {
    unary: nothing,
    clientStream: nothing,
    serverStream: async function* () {},
    bidiStream: async function* () {},
    unimplemented: nothing,
    idempotentUnary: nothing,
  }),
);
server.serve(
  new Map(
    methods.map((method): [string, Route] => [
      method.path,
      { desc: method.desc, run: errors(deadline()(validation(respond(method), method), method), method) },
    ]),
  ),
);
const edge = process.argv.includes('--edge') ? await startEdge(server.port) : undefined;

const answer = toBinary(
  ServerCompatResponseSchema,
  create(ServerCompatResponseSchema, { host: '127.0.0.1', port: edge?.port ?? server.port }),
);
const length = Buffer.alloc(lengthBytes);
length.writeUInt32BE(answer.length);
process.stdout.write(Buffer.concat([length, answer]));

process.once('SIGTERM', async () => {
  await edge?.close();
  process.exit();
});
