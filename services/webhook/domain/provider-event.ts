import type { MessageInitShape } from '@bufbuild/protobuf';
import * as z from 'zod';
import {
  type EventSchema,
  PaymentStatusReported_Status as PaymentStatus,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../../contracts/gen/types/kumiko/event/v1/event_pb.js';

/** What an outside system told, as far as we understand it. */
export interface ProviderEvent {
  /** The provider's id of the event: what a repetition is recognised by. */
  readonly id: string;
  readonly type: string;
  /** What we tell the platform; undefined for a type that we do not know, which is kept and acknowledged. */
  readonly told: Told | undefined;
}

/** What the platform is told. */
export interface Told {
  readonly aggregate: string;
  readonly sequence: number;
  readonly payload: EventPayload;
  /** The trace context that the provider was given with the payment, and has sent back. */
  readonly traceparent?: string | undefined;
}

type EventPayload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;

const envelope = z.object({ id: z.string().min(1).max(128), type: z.string().min(1).max(128) });

const paymentData = z.object({
  data: z.object({
    intent: z.object({
      // Part of the event's aggregate, of which there are 128 characters at most.
      id: z.string().min(1).max(64),
      reference: z.string().regex(/^orders\/[a-z0-9-]{1,64}$/),
      sequence: z.number().int().min(1),
      // Whatever else it says, the event counts.
      metadata: z
        .object({ traceparent: z.string().max(64) })
        .optional()
        .catch(undefined),
    }),
  }),
});

const shipmentData = z.object({
  data: z.object({ tracking_number: z.string().regex(/^[A-Za-z0-9-]{1,64}$/), sequence: z.number().int().min(1) }),
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

/** Reads a payment provider's event; undefined where it is not one. */
export function readPaymentEvent(provider: string, body: Uint8Array): ProviderEvent | undefined {
  return read(body, paymentStatuses, paymentData, ({ data: { intent } }, status) => ({
    aggregate: `payments/${provider}/${intent.id}`,
    sequence: intent.sequence,
    traceparent: intent.metadata?.traceparent,
    payload: {
      case: 'paymentStatusReported',
      value: { provider, payment: intent.id, order: intent.reference, status, sequence: BigInt(intent.sequence) },
    },
  }));
}

/** Reads a carrier's event; undefined where it is not one. */
export function readShipmentEvent(carrier: string, body: Uint8Array): ProviderEvent | undefined {
  return read(body, shipmentStatuses, shipmentData, ({ data }, status) => ({
    aggregate: `shipments/${carrier}/${data.tracking_number}`,
    sequence: data.sequence,
    payload: { case: 'shipmentStatusReported', value: { carrier, trackingNumber: data.tracking_number, status } },
  }));
}

function read<S, D>(
  body: Uint8Array,
  statuses: Readonly<Record<string, S>>,
  dataSchema: z.ZodType<D>,
  tell: (data: D, status: S) => Told,
): ProviderEvent | undefined {
  const json = parseJson(body);
  const head = envelope.safeParse(json);
  if (!head.success) return undefined;
  const status = Object.hasOwn(statuses, head.data.type) ? statuses[head.data.type] : undefined;
  const data = dataSchema.safeParse(json);
  const told = status === undefined || !data.success ? undefined : tell(data.data, status);
  return { ...head.data, told };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
