import type { MessageInitShape } from '@bufbuild/protobuf';
import * as z from 'zod';
import {
  type EventSchema,
  PaymentStatusReported_Status as PaymentStatus,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { jsonInteger, jsonText, parseJson } from '../../platform/contracts/json-values.ts';

/** What an outside system's events may be about. */
export const providerKinds = ['payment', 'shipment'] as const;

/** What an outside system's events are about. */
export type ProviderKind = (typeof providerKinds)[number];

/** What an outside system told, as far as we understand it. */
export interface ProviderEvent {
  /** The provider's id of the event: what a repetition is recognised by. */
  readonly id: string;
  readonly type: string;
  /** What we tell the platform; undefined for a type that we do not know, which is kept and acknowledged, and for what is refused. */
  readonly told: Told | undefined;
  /** Why an event of a type that we know is not understood: its fields at fault, without their values. */
  readonly refusal: string | undefined;
}

/** What the platform is told. */
export interface Told {
  readonly aggregate: string;
  /** What people look for it by: the order of a payment, otherwise the aggregate. */
  readonly subject: string;
  readonly sequence: bigint;
  readonly payload: EventPayload;
  /** The trace context that the provider was given with the payment, and has sent back. */
  readonly traceparent?: string | undefined;
}

/** A body that is no event: without an id there is nothing to keep it by. The message says what is at fault, without its value. */
export class NotAnEvent extends Error {
  override readonly name = 'NotAnEvent';
}

type EventPayload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;

const lengthRule = (max: number) => `must have 1 to ${max} characters`;
const text = (max: number) => jsonText.refine((value) => value.length > 0 && value.length <= max, lengthRule(max));
const sequence = jsonInteger.refine((value) => value > 0n, 'must be above zero');

const envelope = z.object({ id: text(128), type: text(128) });

const paymentData = z.object({
  data: z.object({
    intent: z.object({
      // Part of the event's aggregate, of which there are 128 characters at most.
      id: text(64),
      reference: z.string().regex(/^orders\/[a-z0-9-]{1,64}$/, 'must name an order'),
      sequence,
      // Whatever else it says, the event counts.
      metadata: z
        .object({ traceparent: z.string().max(64) })
        .optional()
        .catch(undefined),
    }),
  }),
});

const shipmentData = z.object({
  data: z.preprocess(
    // Protobuf's JSON has either name for a field.
    (data) => (isObject(data) && !('tracking_number' in data) ? { ...data, tracking_number: data['trackingNumber'] } : data),
    z.object({ tracking_number: jsonText.refine((value) => /^[A-Za-z0-9-]{1,64}$/.test(value), 'must be a tracking number'), sequence }),
  ),
});

const paymentStatuses: Readonly<Record<string, PaymentStatus>> = {
  'payment.authorized': PaymentStatus.AUTHORIZED,
  'payment.declined': PaymentStatus.DECLINED,
  'payment.captured': PaymentStatus.CAPTURED,
  'payment.voided': PaymentStatus.VOIDED,
  'payment.refunded': PaymentStatus.REFUNDED,
};

const shipmentStatuses: Readonly<Record<string, ShipmentStatus>> = {
  'shipment.in_transit': ShipmentStatus.IN_TRANSIT,
  'shipment.delivered': ShipmentStatus.DELIVERED,
};

/**
 * Reads an outside system's event.
 *
 * @throws {NotAnEvent}
 */
export function readProviderEvent(kind: ProviderKind, provider: string, body: Uint8Array): ProviderEvent {
  return kind === 'payment' ? readPaymentEvent(provider, body) : readShipmentEvent(provider, body);
}

function readPaymentEvent(provider: string, body: Uint8Array): ProviderEvent {
  return read(body, paymentStatuses, paymentData, ({ data: { intent } }, status) => ({
    aggregate: `payments/${provider}/${intent.id}`,
    subject: intent.reference,
    sequence: intent.sequence,
    traceparent: intent.metadata?.traceparent,
    payload: {
      case: 'paymentStatusReported',
      value: { provider, payment: intent.id, order: intent.reference, status, sequence: intent.sequence },
    },
  }));
}

function readShipmentEvent(carrier: string, body: Uint8Array): ProviderEvent {
  return read(body, shipmentStatuses, shipmentData, ({ data }, status) => ({
    aggregate: `shipments/${carrier}/${data.tracking_number}`,
    subject: `shipments/${carrier}/${data.tracking_number}`,
    sequence: data.sequence,
    payload: { case: 'shipmentStatusReported', value: { carrier, trackingNumber: data.tracking_number, status } },
  }));
}

function read<S, D>(
  body: Uint8Array,
  statuses: Readonly<Record<string, S>>,
  dataSchema: z.ZodType<D>,
  tell: (data: D, status: S) => Told,
): ProviderEvent {
  const json = readJson(body);
  const head = envelope.safeParse(json);
  if (!head.success) throw new NotAnEvent(faultsOf(head.error));
  const { id, type } = head.data;
  const status = Object.hasOwn(statuses, type) ? statuses[type] : undefined;
  if (status === undefined) return { id, type, told: undefined, refusal: undefined };
  const data = dataSchema.safeParse(json);
  if (!data.success) return { id, type, told: undefined, refusal: faultsOf(data.error) };
  return { id, type, told: tell(data.data, status), refusal: undefined };
}

function readJson(body: Uint8Array): unknown {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new NotAnEvent('the body must be JSON in UTF-8');
  }
}

function faultsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')} ${message}`)).join('; ');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
