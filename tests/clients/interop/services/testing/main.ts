/**
 * The service of gRPC's interoperability tests on the chassis' server: `main.ts` by itself, `main.ts --edge` behind Envoy with the edge's filters. It prints its
 * port, and ends with its standard input.
 */
import { pino } from 'pino';
import { deadline } from '../../../../../services/platform/chassis/interceptors/deadline.ts';
import { errors } from '../../../../../services/platform/chassis/interceptors/errors.ts';
import { validation } from '../../../../../services/platform/chassis/interceptors/validation.ts';
import { bind } from '../../../../../services/platform/chassis/server/bind.ts';
import type { Route } from '../../../../../services/platform/chassis/server/dispatcher.ts';
import { handle } from '../../../../../services/platform/chassis/server/handle.ts';
import { servedMethods } from '../../../../../services/platform/chassis/server/served-method.ts';
import { bindServer } from '../../../../../services/platform/chassis/server/server.ts';
import { startEdge } from '../../../start-edge.ts';
import { TestService } from '../../gen/types/grpc/testing/test_pb.js';
import { echoMetadata } from './echo-metadata.ts';
import { handlers } from './handlers.ts';

const logger = pino({ level: 'silent' });
const server = await bindServer({ name: 'testing', host: '127.0.0.1', port: 0, reflection: false, project: 'kumiko-local', logger });
server.serve(
  new Map(
    servedMethods(bind(TestService, handlers)).map((method): [string, Route] => {
      const run = echoMetadata(errors(deadline()(validation(handle(method), method), method), method), method);
      return [method.path, { desc: method.desc, run }];
    }),
  ),
);
const edge = process.argv.includes('--edge') ? await startEdge(server.port) : undefined;
process.stdout.write(`${edge?.port ?? server.port}\n`);

process.stdin.resume().once('end', async () => {
  await edge?.close();
  process.exit();
});
