import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import { type Event, EventSchema } from '../../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';

/** A deal that nobody knows yet goes on sale, as the partner service tells of it. */
export function dealEvent({ groupSize, stock }: { readonly groupSize: number; readonly stock: number }): Event {
  return create(EventSchema, {
    id: randomUUID(),
    aggregate: `deals/${randomUUID()}`,
    version: 1n,
    occurredAt: timestampNow(),
    payload: {
      case: 'dealPublished',
      value: {
        partner: 'partners/acme',
        title: 'Uji matcha, 100 g',
        price: { currencyCode: 'JPY', units: 1_980n },
        groupSize,
        groupLifetime: { seconds: 3_600n },
        stock: BigInt(stock),
        sku: 'MATCHA-100',
      },
    },
  });
}
