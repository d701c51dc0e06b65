/** The process behind load.ts: closed loops that ask again as soon as they are answered. */
import { type Finished, openGrpcConnection } from './grpc-connection.ts';
import type { GrpcLoad, LoadReport, RestLoad } from './load.ts';
import { openRestConnection } from './rest-connection.ts';

// Whoever asked is gone.
process.on('disconnect', () => process.exit());
process.on('message', async ({ load, durationMs }: { load: GrpcLoad | RestLoad; durationMs: number }) => {
  process.send!(await runLoad(load, durationMs));
});

async function runLoad(load: GrpcLoad | RestLoad, durationMs: number): Promise<LoadReport> {
  const latencies: number[] = [];
  let failures = 0;
  let failure = '';
  const finished: Finished = (latencyMs, fault) => {
    if (fault === undefined) {
      latencies.push(latencyMs);
      return;
    }
    failures += 1;
    failure ||= fault;
  };
  const startedAt = performance.now();
  const connections = Array.from({ length: load.connections }, (_, index) =>
    load.kind === 'grpc' ? openGrpcConnection(load, index, finished) : openRestConnection(load, index, finished),
  );
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const seconds = (performance.now() - startedAt) / 1_000;
  const count = latencies.length;
  const sorted = Float64Array.from(latencies).sort();
  const [p50Ms, p99Ms] = [0.5, 0.99].map((share) => sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0) as [number, number];
  const report = { count, seconds, p50Ms, p99Ms, failures, failure };
  await Promise.all(connections.map((close) => close()));
  return report;
}
