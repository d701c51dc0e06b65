import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestIssuer } from '../services/platform/testing/test-issuer.ts';
import { customerIssuer, platformHeader, project, testEnv } from '../services/platform/testing/test-service.ts';
import { alternate, describeRounds, machine, median, type Round, ratios } from './load/compare.ts';
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

/** The same server compiles to code that is up to a tenth faster or slower, from one start to the next: the median of three starts says more than many rounds of one. */
const starts = 3;

/** The same calls, with headers as they come from the edge gateway, to both servers. */
export async function run(report: (line: string) => void): Promise<void> {
  const issuer = await startTestIssuer();
  const collector = await startTelemetrySink();
  const load = startLoadProcess();
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
    const compare = async () => {
      const [chassis, bare] = await Promise.all([
        startServerProcess(join(servers, 'chassis.ts'), {
          env: { ...testEnv(issuer.jwksUri), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
        }),
        startServerProcess(join(servers, 'bare-grpc.ts')),
      ]);
      try {
        return await alternate(
          load,
          [
            { name: 'every trace kept', server: chassis, load: loadOf(chassis.port, 1) },
            { name: 'as deployed', server: chassis, load: loadOf(chassis.port, deployedKeep) },
            { name: 'bare', server: bare, load: loadOf(bare.port, 1) },
          ],
          { warmUpMs: 3_000, roundMs: 700, rounds: 9 },
        );
      } finally {
        await Promise.all([chassis.stop(), bare.stop()]);
      }
    };
    const compared: Round[][][] = [];
    for (let start = 0; start < starts; start += 1) compared.push(await compare());
    if (collector.bytes() === 0) throw new Error('no span was exported: tracing was off');
    report(machine());
    const roundsOf = (contender: number) => compared.flatMap((rounds) => rounds[contender]!);
    report(describeRounds('chassis, every trace kept', roundsOf(0)));
    report(describeRounds(`chassis, one trace in ${deployedKeep} kept, as the edge decides where it is deployed`, roundsOf(1)));
    report(describeRounds('bare grpc-js', roundsOf(2)));
    for (const [contender, name] of ['every trace kept', 'as deployed'].entries()) {
      const each = compared.map((rounds) => ratios(rounds[contender]!, rounds[2]!));
      report(
        `${name}: ratio ${ofStarts(each.map(({ perSecond }) => perSecond))} by requests per second, ${ofStarts(each.map(({ cpu }) => cpu))} by CPU time (target 0.75 and 0.8)`,
      );
    }
    const [stock, shared] = [await writing('stock'), await writing('shared')];
    report(`a response written: ${shared} µs in the memory that writers share, ${stock} µs as protobuf-es does it`);
  } finally {
    load.stop();
    await issuer.close();
    collector.close();
  }
}

/** The median of what each start has given, and all of it. */
function ofStarts(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${values.map((value) => value.toFixed(2)).join(', ')})`;
}

/** What message-memory.ts is for: CPU time of one message, measured alone. */
async function writing(how: 'stock' | 'shared'): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(servers, 'written-messages.ts'), how]);
  return stdout.trim();
}
