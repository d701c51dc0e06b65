import type { MessageTypes } from '../messages/message-types.ts';
import type { Broker } from '../pubsub/broker.ts';
import type { SchedulerJobs } from '../scheduler/scheduler-jobs.ts';
import type { TaskQueues } from '../tasks/task-queues.ts';
import type { RecordStore } from '../traces/record-store.ts';
import type { RunStore } from '../traces/run-store.ts';
import type { SpanStore } from '../traces/span-store.ts';
import type { WayRates } from './way-rates.ts';

/** What can be looked at. */
export interface Inspected {
  readonly port: number;
  readonly types: MessageTypes;
  readonly runs: RunStore;
  readonly spans: SpanStore;
  readonly records: RecordStore;
  readonly rates: WayRates;
  readonly broker: Broker;
  readonly queues: TaskQueues;
  readonly jobs: SchedulerJobs;
}
