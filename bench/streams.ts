import { setTimeout as delay } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { machine, median } from './load/compare.ts';
import { proportionalBytes, residentBytes } from './load/memory.ts';
import { type WatchedStream, watchByGrpc, watchByRest } from './load/watch.ts';
import { startEdgeFixture } from './servers/edge-fixture.ts';

export const question =
  'Does the memory of the edge gateway stay flat under 200 server streams for 60 s, half of them native gRPC and half REST?';

const streamsOfEach = 100;
const channels = 2;
const warmUpMs = 10_000;
const durationMs = 60_000;
const sampleMs = 500;
const mebibyte = 2 ** 20;

/** Opens the streams, lets them and the gateway come to rest, then samples the gateway's memory. @throws {Error} where a stream ends or leaves a message out. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startEdgeFixture();
  const gateway = await fixture.startGateway();
  // Each a connection of its own: the gateway takes 100 streams on one.
  const clients = Array.from(
    { length: channels },
    () => new Client(`127.0.0.1:${gateway.port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 }),
  );
  const streams: WatchedStream[] = [];
  try {
    const tokens = await fixture.customerTokens(streamsOfEach);
    for (const [index, token] of tokens.entries()) {
      streams.push(watchByGrpc(clients[index % channels]!, token, `groups/grpc-${index}`));
      streams.push(watchByRest(gateway.port, token, `groups/rest-${index}`));
    }
    await delay(warmUpMs);
    const cpuBefore = gateway.cpuMs();
    const messagesBefore = checkStreams(streams);
    const resident: number[] = [];
    const proportional: number[] = [];
    for (const startedAt = performance.now(); performance.now() - startedAt < durationMs; ) {
      resident.push(residentBytes(gateway.pid));
      proportional.push(proportionalBytes(gateway.pid));
      checkStreams(streams);
      await delay(sampleMs);
    }
    const messages = checkStreams(streams) - messagesBefore;
    report(machine());
    report(
      `${streams.length} streams, none dropped, no message left out: ${messages} messages in ${durationMs / 1_000} s, ` +
        `CPU ${(((gateway.cpuMs() - cpuBefore) * 1_000) / messages).toFixed(0)} µs per message`,
    );
    report(`resident memory (RSS): ${describe(resident)}`);
    report(`with shared pages by share (PSS): ${describe(proportional)}`);
  } finally {
    for (const stream of streams) stream.close();
    for (const client of clients) client.close();
    await fixture.close();
  }
}

/** Messages of all streams so far. */
function checkStreams(streams: readonly WatchedStream[]): number {
  for (const [index, { received, fault }] of streams.entries()) {
    if (fault !== undefined || received === 0) throw new Error(`stream ${index}: ${fault ?? 'no message'}, after ${received} messages`);
  }
  return streams.reduce((sum, { received }) => sum + received, 0);
}

/** Buffers come and go: the slope is that of the least squares through all samples. */
function describe(bytes: readonly number[]): string {
  const sizes = bytes.map((size) => size / mebibyte);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = (sizes.length - 1) / 2;
  const [average, squares] = [mean(sizes), mean(sizes.map((_, index) => (index - middle) ** 2))];
  const slope = mean(sizes.map((size, index) => (size - average) * (index - middle))) / squares;
  const perMinute = slope * (60_000 / (durationMs / sizes.length));
  const [first, last] = [sizes[0]!, sizes.at(-1)!];
  return `first ${first.toFixed(1)}, median ${median(sizes).toFixed(1)}, last ${last.toFixed(1)} MiB, slope ${perMinute.toFixed(2)} MiB a minute`;
}
