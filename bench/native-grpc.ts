import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { alternate, type Contender, describeRounds, machine, ratios } from './load/compare.ts';
import { endWithRunner } from './load/end-with-runner.ts';
import { type GrpcLoad, startLoadProcess } from './load/load.ts';
import { cpuMilliseconds } from './load/process-cpu.ts';
import type { ServerProcess } from './load/server-process.ts';
import { startEdgeSurroundings } from './servers/edge-surroundings.ts';
import { orderRequest } from './servers/order.ts';

export const question =
  'Native gRPC through the edge gateway: against the service itself, and against nginx with grpc_pass? (target: at least 0.5 of nginx)';

// Not everybody has /usr/sbin on PATH.
const programs = ['nginx', '/usr/sbin/nginx'];
/** A public method, so that nginx, which looks at no token, has the same to do. */
const path = '/kumiko.customer.v1.CustomerService/GetDeal';

/** The service itself, the edge gateway before it, and nginx before it, in turn. */
export async function run(report: (line: string) => void): Promise<void> {
  const surroundings = await startEdgeSurroundings();
  const load = startLoadProcess();
  const { upstream } = surroundings;
  const gateway = await surroundings.startGateway({ tokenCache: true });
  const nginx = await startNginx(upstream.port);
  const servers = [upstream, gateway, ...(typeof nginx === 'string' ? [] : [nginx])];
  const names = ['the service itself', 'edge gateway', 'nginx'];
  try {
    const contenders = servers.map(
      (server, index): Contender => ({
        name: names[index]!,
        server,
        // The message has one text in field 1, as GetDeal's has.
        load: {
          kind: 'grpc',
          port: server.port,
          path,
          calls: [{ headers: {}, body: orderRequest }],
          connections: 4,
          streams: 25,
        } satisfies GrpcLoad,
      }),
    );
    const results = await alternate(load, contenders, { warmUpMs: 2_500, roundMs: 700, rounds: 11 });
    report(machine());
    for (const [index, rounds] of results.entries()) report(describeRounds(names[index]!, rounds));
    const [direct, ours, theirs] = results;
    report(`ratio ${ratios(ours!, direct!).perSecond.toFixed(2)} to the service itself`);
    if (typeof nginx === 'string') report(`against nginx: skipped, ${nginx}`);
    else {
      const { perSecond, cpu } = ratios(ours!, theirs!);
      report(`ratio ${perSecond.toFixed(2)} to nginx by requests per second, ${cpu.toFixed(2)} by CPU time (target 0.5)`);
    }
  } finally {
    load.stop();
    if (typeof nginx !== 'string') await nginx.stop();
    await surroundings.close();
  }
}

/**
 * nginx in the foreground as one process, as the gateway is one, with connections to the service that are kept; a text says why there is none. It has an
 * access log, as the gateway has; `http2` stands at `listen`, where versions before 1.25 want it.
 */
async function startNginx(upstreamPort: number): Promise<ServerProcess | string> {
  const program = programs.find((name) => spawnSync(name, ['-v']).error === undefined);
  if (program === undefined) return `there is none (${programs.join(', ')})`;
  const directory = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log ${directory}/access.log combined buffer=64k flush=1s;
  client_body_temp_path ${directory}/body;
  upstream service { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} http2;
    keepalive_requests 1000000;
    location / { grpc_pass grpc://service; }
  }
}
`,
  );
  const child = spawn(program, ['-e', 'stderr', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stopped = endWithRunner(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    stopped();
    rmSync(directory, { recursive: true, force: true });
  };
  while (!(await accepts(port))) {
    if (child.exitCode !== null) {
      await stop();
      return `it does not start: ${errors.trim()}`;
    }
    await delay(20);
  }
  return { pid: child.pid!, port, cpuMs: () => cpuMilliseconds(child.pid!), stop };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
