/** The process behind load.ts: closed loops that ask again as soon as they are answered. */
import { encodeCall, type Finished, openGrpcConnection } from './grpc-connection.ts';
import type { GrpcLoad, LoadOrder, LoadReport, RestLoad } from './load.ts';
import { encodeRequest, openRestConnection } from './rest-connection.ts';

// Whoever asked is gone.
process.on('disconnect', () => process.exit());
process.on('message', async (order: LoadOrder) => {
  process.send!(await runLoad(order));
});

async function runLoad({ load, durationMs }: LoadOrder): Promise<LoadReport> {
  const latencies: number[] = [];
  let failures = 0;
  let failure = '';
  const over = Promise.withResolvers<void>();
  const ends = durationMs === undefined ? sizeOf(load) : Number.POSITIVE_INFINITY;
  const finished: Finished = (latencyMs, fault) => {
    if (fault === undefined) latencies.push(latencyMs);
    else {
      failures += 1;
      failure ||= fault;
    }
    // What a failure has kept from being sent will never be answered.
    if (latencies.length === ends || (failures > 0 && durationMs === undefined)) over.resolve();
  };
  const open = opener(load, durationMs === undefined, finished);
  const startedAt = performance.now();
  const connections = Array.from({ length: load.connections }, (_, index) => open(index));
  if (durationMs !== undefined) setTimeout(over.resolve, durationMs);
  await over.promise;
  const seconds = (performance.now() - startedAt) / 1_000;
  const count = latencies.length;
  const sorted = Float64Array.from(latencies).sort();
  const [p50Ms, p99Ms] = [0.5, 0.99].map((share) => sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0) as [number, number];
  const report = { count, seconds, p50Ms, p99Ms, failures, failure };
  await Promise.all(connections.map((close) => close()));
  return report;
}

function sizeOf(load: GrpcLoad | RestLoad): number {
  return load.kind === 'grpc' ? load.calls.length : load.requests.length;
}

/** Opens the connection of an index. The requests are encoded before the clock starts. */
type Open = (index: number) => () => Promise<void>;

function opener(load: GrpcLoad | RestLoad, once: boolean, finished: Finished): Open {
  if (load.kind === 'grpc') {
    const calls = load.calls.map((call) => encodeCall(load, call));
    const sourceOf = once ? shared(calls) : inTurn(calls);
    return (index) => openGrpcConnection(load, sourceOf(index), finished);
  }
  const requests = load.requests.map((request) => encodeRequest(load.port, request));
  const sourceOf = once ? shared(requests) : inTurn(requests);
  return (index) => openRestConnection(load.port, sourceOf(index), finished);
}

/** Each connection takes all of them, again and again, and begins with another one. */
function inTurn<T>(items: readonly T[]): (index: number) => () => T | undefined {
  return (index) => {
    let turn = index;
    return () => items[turn++ % items.length];
  };
}

/** Each goes to whatever connection is free. */
function shared<T>(items: readonly T[]): () => () => T | undefined {
  const left = items.values();
  return () => () => left.next().value;
}
