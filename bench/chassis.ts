import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestIssuer } from '../services/platform/testing/test-issuer.ts';
import { customerIssuer, platformHeader, project, testEnv } from '../services/platform/testing/test-service.ts';
import { alternate, describeRounds, machine, ratios } from './load/compare.ts';
import { type GrpcLoad, startLoadProcess } from './load/load.ts';
import { startServerProcess } from './load/server-process.ts';
import { startTelemetrySink } from './load/telemetry-sink.ts';
import { orderPath, orderRequest } from './servers/order.ts';

export const question =
  'What share of a bare grpc-js server does a service keep with every interceptor, logging, tracing and metrics on? (target: at least 0.75 of the requests, 0.8 by CPU time)';

const callers = 20;
/** The edge keeps 10 % of the traces that it begins, unless told otherwise (gateway/bootstrap/tracing.ts). */
const deployedKeep = 10;
const servers = join(import.meta.dirname, 'servers');

/** The same calls, with headers as they come from the edge gateway, to both servers. */
export async function run(report: (line: string) => void): Promise<void> {
  const issuer = await startTestIssuer();
  const collector = await startTelemetrySink();
  const load = startLoadProcess();
  const [chassis, bare] = await Promise.all([
    startServerProcess(join(servers, 'chassis.ts'), { env: { ...testEnv(issuer.jwksUri), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } }),
    startServerProcess(join(servers, 'bare-grpc.ts')),
  ]);
  try {
    const headers = await Promise.all(
      Array.from({ length: callers }, async (_, index) => ({
        'x-serverless-authorization': platformHeader('edge-gateway'),
        authorization: `Bearer ${await issuer.sign({ iss: customerIssuer, aud: project, sub: `customer-${index}` })}`,
        'grpc-timeout': '5S',
      })),
    );
    /** Calls of which every so-and-so-many-th belongs to a trace that is kept. */
    const loadOf = (port: number, everyKept: number): GrpcLoad => ({
      kind: 'grpc',
      port,
      path: orderPath,
      calls: headers.map((own, index) => {
        const traceparent = `00-${index.toString(16).padStart(32, 'a')}-b7ad6b7169203331-0${index % everyKept === 0 ? 1 : 0}`;
        return { headers: { ...own, traceparent }, body: orderRequest };
      }),
      connections: 4,
      streams: 25,
    });
    const [all, deployed, base] = await alternate(
      load,
      [
        { name: 'every trace kept', server: chassis, load: loadOf(chassis.port, 1) },
        { name: 'as deployed', server: chassis, load: loadOf(chassis.port, deployedKeep) },
        { name: 'bare', server: bare, load: loadOf(bare.port, 1) },
      ],
      { warmUpMs: 3_000, roundMs: 700, rounds: 19 },
    );
    if (collector.bytes() === 0) throw new Error('no span was exported: tracing was off');
    report(machine());
    report(describeRounds('chassis, every trace kept', all!));
    report(describeRounds(`chassis, one trace in ${deployedKeep} kept, as the edge decides where it is deployed`, deployed!));
    report(describeRounds('bare grpc-js', base!));
    for (const [name, rounds] of [
      ['every trace kept', all!],
      ['as deployed', deployed!],
    ] as const) {
      const { perSecond, cpu } = ratios(rounds, base!);
      report(`${name}: ratio ${perSecond.toFixed(2)} by requests per second, ${cpu.toFixed(2)} by CPU time (target 0.75 and 0.8)`);
    }
    const [stock, shared] = [await writing('stock'), await writing('shared')];
    report(`a response written: ${shared} µs in the memory that writers share, ${stock} µs as protobuf-es does it`);
  } finally {
    load.stop();
    await Promise.all([chassis.stop(), bare.stop(), issuer.close()]);
    collector.close();
  }
}

/** What message-memory.ts is for: CPU time of one message, measured alone. */
async function writing(how: 'stock' | 'shared'): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(servers, 'written-messages.ts'), how]);
  return stdout.trim();
}
