import { alternate, type Contender, describeRounds, machine, ratios } from './load/compare.ts';
import { type GrpcLoad, startLoadProcess } from './load/load.ts';
import type { ServerProcess } from './load/server-process.ts';
import { forwardingAlone } from './servers/edge-bootstraps.ts';
import { startEdgeFixture } from './servers/edge-fixture.ts';
import { startNginx } from './servers/nginx.ts';
import { orderPath, orderRequest } from './servers/order.ts';

export const question =
  'Native gRPC through the edge gateway: against an Envoy that routes and does nothing else, against the service itself, and against nginx with grpc_pass? (target: at most 1.45 times the CPU time of routing alone)';

/** A public method, so that nginx, which looks at no token, has the same to do. */
const publicPath = '/kumiko.customer.v1.CustomerService/GetDeal';
const callers = 50;

/** In turn: with a token the edge gateway and routing alone; without one the service itself, and the edge gateway and nginx before it. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startEdgeFixture();
  const load = startLoadProcess();
  const { upstream } = fixture;
  const [gateway, routing, tokens] = await Promise.all([
    fixture.startGateway(),
    fixture.startGateway({ edit: forwardingAlone() }),
    fixture.customerTokens(callers),
  ]);
  const nginx = await startNginx(upstream.port);
  const calls = tokens.map((token) => ({ headers: { authorization: `Bearer ${token}` }, body: orderRequest }));
  const withToken = (name: string, server: ServerProcess) => contender(name, server, orderPath, calls);
  // The message has one text in field 1, as GetDeal's has.
  const withoutToken = (name: string, server: ServerProcess) => contender(name, server, publicPath, [{ headers: {}, body: orderRequest }]);
  try {
    const contenders = [
      withToken('edge gateway', gateway),
      withToken('routing alone', routing),
      withoutToken('the service itself, public method', upstream),
      withoutToken('edge gateway, public method', gateway),
      ...(typeof nginx === 'string' ? [] : [withoutToken('nginx, public method', nginx)]),
    ];
    const results = await alternate(load, contenders, { warmUpMs: 1_500, roundMs: 400, rounds: 21 });
    report(machine());
    for (const [index, { name }] of contenders.entries()) report(describeRounds(name, results[index]!));
    const [ours, base, direct, oursPublic, theirs] = results;
    report(`${ratios(base!, ours!).cpu.toFixed(2)} times the CPU time of routing alone (target: at most 1.45)`);
    report(`ratio ${ratios(oursPublic!, direct!).perSecond.toFixed(2)} to the service itself by requests per second`);
    if (typeof nginx === 'string') report(`against nginx: skipped, ${nginx}`);
    else {
      const { perSecond, cpu } = ratios(oursPublic!, theirs!);
      report(`ratio ${perSecond.toFixed(2)} to nginx by requests per second, ${cpu.toFixed(2)} by CPU time`);
    }
  } finally {
    load.stop();
    if (typeof nginx !== 'string') await nginx.stop();
    await fixture.close();
  }
}

function contender(name: string, server: ServerProcess, path: string, calls: GrpcLoad['calls']): Contender {
  return { name, server, load: { kind: 'grpc', port: server.port, path, calls, connections: 4, streams: 25 } };
}
