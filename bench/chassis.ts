import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startTestIssuer } from '../services/platform/testing/test-issuer.ts';
import { customerIssuer, platformHeader, project, testEnv } from '../services/platform/testing/test-service.ts';
import { alternate, describeRounds, machine, ratios } from './load/compare.ts';
import { type GrpcLoad, startLoadProcess } from './load/load.ts';
import { startServerProcess } from './load/server-process.ts';
import { orderPath, orderRequest } from './servers/order.ts';

export const question =
  'What share of a bare grpc-js server does a service keep with every interceptor, logging and tracing on? (target: at least 0.7)';

const callers = 20;
const servers = join(import.meta.dirname, 'servers');

/** The same calls, with headers as they come from the edge gateway, to both servers. */
export async function run(report: (line: string) => void): Promise<void> {
  const issuer = await startTestIssuer();
  const collector = await startCollector();
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
        traceparent: `00-${index.toString(16).padStart(32, 'a')}-b7ad6b7169203331-01`,
      })),
    );
    const loadOf = (port: number): GrpcLoad => ({
      kind: 'grpc',
      port,
      path: orderPath,
      calls: headers.map((own) => ({ headers: own, body: orderRequest })),
      connections: 4,
      streams: 25,
    });
    const [ours, base] = await alternate(
      load,
      [
        { name: 'chassis', server: chassis, load: loadOf(chassis.port) },
        { name: 'bare', server: bare, load: loadOf(bare.port) },
      ],
      { warmUpMs: 3_000, roundMs: 700, rounds: 19 },
    );
    if (collector.bytes() === 0) throw new Error('no span was exported: tracing was off');
    const { perSecond, cpu } = ratios(ours!, base!);
    report(machine());
    report(describeRounds('chassis', ours!));
    report(describeRounds('bare grpc-js', base!));
    report(`ratio ${perSecond.toFixed(2)} by requests per second, ${cpu.toFixed(2)} by CPU time (target 0.7)`);
  } finally {
    load.stop();
    await Promise.all([chassis.stop(), bare.stop(), issuer.close()]);
    collector.close();
  }
}

/** Takes spans (OTLP over HTTP) and drops them. */
async function startCollector(): Promise<{ url: string; bytes: () => number; close: () => void }> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bytes: () => bytes, close };
}
