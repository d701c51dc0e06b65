import type { JsonValue } from '@bufbuild/protobuf';

/** A call of a service as it passed its front, masked. */
export interface CallRecord {
  /** The service that was called, such as "customer". */
  readonly service: string;
  /** "kumiko.customer.v1.CustomerService/GetDeal". */
  readonly method: string;
  /** The span of whoever called: the parent of the service's own. */
  readonly parent: string;
  readonly tookMs: number;
  /** The end user whose token was there, by name; undefined for none. */
  readonly caller: string | undefined;
  /** The previews that were asked for, such as "partner=pr-123". */
  readonly preview: string | undefined;
  readonly requests: readonly JsonValue[];
  readonly responses: readonly JsonValue[];
  /** Messages that were too many or too large to be kept. */
  readonly omitted: number;
  /** gRPC's code; undefined where the call ended without one. */
  readonly code: number | undefined;
  readonly message: string;
}
