import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild } from '../../gateway/envoy/end-child.ts';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { freePort } from '../../services/platform/tools/free-port.ts';
import { untilListening } from '../../services/platform/tools/listening-port.ts';
import { endWithRunner } from '../load/end-with-runner.ts';
import { cpuMilliseconds } from '../load/process-cpu.ts';
import type { ServerProcess } from '../load/server-process.ts';

// Not everybody has /usr/sbin on PATH.
const programs = ['nginx', '/usr/sbin/nginx'];

/**
 * nginx in the foreground as one process, as the gateway is one, with connections to the service that are kept; a text says why there is none. It has an
 * access log, as the gateway has; `http2` stands at `listen`, where versions before 1.25 want it.
 */
export async function startNginx(upstreamPort: number): Promise<ServerProcess | string> {
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
    await endChild(child);
    stopped();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilListening(port, {
      intervalMs: 20,
      givenUp: () => (child.exitCode === null ? undefined : `it does not start: ${errors.trim()}`),
    });
  } catch (error) {
    await stop();
    return errorText(error);
  }
  return { pid: child.pid!, port, cpuMs: () => cpuMilliseconds(child.pid!), stop };
}
