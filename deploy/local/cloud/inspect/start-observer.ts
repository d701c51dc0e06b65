import { outsidePort, type Ports } from '../../platform/ports.ts';
import { systemClock } from '../../shared/local-server.ts';
import { readMessageTypes } from '../messages/message-types.ts';
import { type PassingCall, watchCalls } from '../messages/watch-calls.ts';
import { watchDeliveries } from '../messages/watch-deliveries.ts';
import { outsideSystems } from '../outside-systems.ts';
import type { OnDelivery } from '../push/http-dispatcher.ts';
import { openRecordStore } from '../traces/record-store.ts';
import { openRunStore } from '../traces/run-store.ts';
import { openSpanStore, type SpanStore } from '../traces/span-store.ts';
import { startTraces } from '../traces/start-traces.ts';
import { type DeclaredPicture, declaredPicture } from './declared-picture.ts';
import type { Inspected } from './inspected.ts';
import { startInspect } from './start-inspect.ts';
import { WayRates } from './way-rates.ts';

/** What watches the platform from the local cloud, where all of it passes. */
export interface Observer {
  onCall(call: PassingCall): void;
  readonly onDelivery: OnDelivery;
  /** Serves what was seen, and what the local cloud has in hand. */
  inspect(cloud: Pick<Inspected, 'port' | 'broker' | 'queues' | 'jobs'>): Promise<unknown>;
}

/** Begins to take in traces, and to keep the messages that fronts and deliveries carry. */
export async function startObserver(options: {
  readonly ports: Ports;
  readonly stateDir: string;
  readonly startedMs: number;
}): Promise<Observer> {
  const runs = openRunStore(options.stateDir, options.startedMs);
  const [spans, records] = [openSpanStore(runs), openRecordStore(runs)];
  const outside = () => Object.fromEntries(outsideSystems.map((system) => [system, outsidePort(options.ports, system)]));
  let declared: DeclaredPicture | undefined;
  const picture = () => {
    declared ??= declaredPicture(outside());
    return declared;
  };
  const rates = new WayRates(picture, spans.endedSince, systemClock);
  const add: SpanStore['add'] = (added) => {
    spans.add(added);
    rates.add(added);
  };
  await startTraces({ port: options.ports.traces, grpcPort: options.ports.traces_grpc, store: { ...spans, add } });
  const types = readMessageTypes();
  const calls = watchCalls(types, records.add);
  return {
    onCall: calls.see,
    onDelivery: watchDeliveries(types, (delivered) => {
      records.add(delivered);
      rates.delivered(delivered);
    }),
    inspect: (cloud) => startInspect({ ...cloud, types, runs, spans, records, rates }),
  };
}
