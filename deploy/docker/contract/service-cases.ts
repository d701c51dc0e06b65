import { connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { callersOf } from '../../../services/platform/contracts/callers.ts';
import { MaintenanceService } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { MethodPolicySchema } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { grpcPath } from '../../../services/platform/contracts/methods.ts';
import { healthCheck, type RawCall, type RunningServer } from '../running-server.ts';
import { calledBy, type ScratchCloud } from '../scratch-cloud.ts';
import { warmUpCalls } from '../shrink/warm-up.ts';
import { startGate } from './gate.ts';
import { linesThatLoggingDoesNotUnderstand } from './log-lines.ts';

/** What runs a service: an assembled tree as a process, or its image as a container. */
interface ServiceRunner {
  readonly cloud: () => ScratchCloud;
  start(service: string, env: Readonly<Record<string, string>>): RunningServer;
  /** What lies in the folder for temporary files. */
  temporaryFiles(server: RunningServer): readonly string[];
}

/** From SIGTERM to SIGKILL: https://cloud.google.com/run/docs/container-contract#instance-shutdown. */
const endSeconds = 10;

/** What Cloud Run's container contract asks of a service, as cases for whatever runs it. */
export function serviceCases(service: string, runner: ServiceRunner): void {
  test('answers probes and its first call, over HTTP/2 without TLS', async () => {
    const server = runner.start(service, runner.cloud().environmentOf(service));
    // grpc.health.v1.HealthCheckResponse { status: SERVING }
    expect(await server.call(healthCheck)).toEqual(Buffer.from([0x08, 0x01]));
    for (const call of warmUpCalls(service)) await server.call(call);
    expect((await server.stop()).code).toBe(0);
  });

  test('ends in time: the call under way is answered, the stream is ended, no temporary file is left, and the log is understood', async () => {
    const environment = runner.cloud().environmentOf(service);
    const gate = await startGate(Number(environment['SPANNER_EMULATOR_HOST']!.split(':')[1]));
    try {
      const server = runner.start(service, { ...environment, SPANNER_EMULATOR_HOST: `127.0.0.1:${gate.port}` });
      await server.call(readsDatabase);
      const stream = await watchHealth(await server.listening());
      expect(runner.temporaryFiles(server)).toEqual([]);
      const held = gate.close();
      const answer = server.call(readsDatabase);
      await held;
      const signalledAt = performance.now();
      const ended = server.signal('SIGTERM');
      // It has heard the signal, and the call is still under way.
      await untilRefused(await server.listening());
      gate.open();
      await expect(answer).resolves.toBeInstanceOf(Buffer);
      const { code, output } = await ended;
      // CANCEL, so that whoever watches asks another instance. Streams of ours are told UNAVAILABLE: services/platform/chassis/process/process.test.ts.
      expect(await stream.ended).toBe('no status, HTTP/2 code 8');
      expect(code).toBe(0);
      expect(performance.now() - signalledAt).toBeLessThan(endSeconds * 1_000);
      expect(linesThatLoggingDoesNotUnderstand(output)).toEqual([]);
    } finally {
      gate.stop();
    }
  });
}

/** A call that every service answers from its database. */
const readsDatabase: RawCall = {
  path: grpcPath(MaintenanceService.method.getBacklog),
  headers: calledBy(callersOf(MaintenanceService.method.getBacklog, create(MethodPolicySchema))[0]!),
};

/** Resolves when nobody listens at a port of the loopback any more. */
async function untilRefused(port: number): Promise<void> {
  const refused = () =>
    new Promise<boolean>((resolve) => {
      const socket = connectTcp(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(false);
      });
      socket.once('error', () => resolve(true));
    });
  while (!(await refused())) await delay(20);
}

/** Opens grpc.health.v1.Health/Watch. Resolves with its first message; `ended` with the gRPC status at its end, or that there was none. */
async function watchHealth(port: number): Promise<{ readonly ended: Promise<string> }> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Watch',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  // An empty message in its frame.
  stream.end(Buffer.alloc(5));
  let status: string | undefined;
  const note = (headers: IncomingHttpHeaders) => {
    status ??= headers['grpc-status'] as string | undefined;
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('error', () => {});
  const ended = new Promise<string>((resolve) =>
    stream.once('close', () => {
      session.close();
      resolve(status ?? `no status, HTTP/2 code ${stream.rstCode}`);
    }),
  );
  await new Promise<void>((resolve, reject) => {
    stream.once('data', () => resolve());
    stream.once('close', () => reject(new Error(`the stream ended before its first message: ${status}`)));
  });
  return { ended };
}
