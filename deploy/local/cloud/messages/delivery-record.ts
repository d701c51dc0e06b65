import type { JsonValue } from '@bufbuild/protobuf';

/** One attempt of the local cloud to deliver something, masked. */
export interface DeliveryRecord {
  /** The message's, the task's or the job's. */
  readonly id: string;
  /** From 1 on; 0 where the sender does not count. */
  readonly attempt: number;
  readonly tookMs: number;
  /** The HTTP status of the answer, or why there was none. */
  readonly answer: number | string;
  readonly ok: boolean;
  /** What was sent: the event, or the request. */
  readonly body: JsonValue;
  /** Of a Pub/Sub message. */
  readonly attributes?: Readonly<Record<string, string>>;
}
