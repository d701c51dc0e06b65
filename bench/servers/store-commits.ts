/**
 * The process behind webhook-accept.ts that commits inbox rows without gateway and service: Google's client in a loop, in the form of the webhook
 * service's transaction. What the service is measured against.
 */
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { connectSpanner } from '../../services/platform/cloud/spanner/spanner-client.ts';
import { encodeParams } from '../../services/platform/cloud/spanner/spanner-values.ts';
import { statements } from '../../services/webhook/store/store.ts';
import type { CommitOrder, CommitReport } from '../webhook-accept.ts';

// As the chassis does: Google's client would install one that costs a tenth of the loop.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const { SPANNER_INSTANCE: instance = '', SPANNER_DATABASE: name = '', GOOGLE_CLOUD_PROJECT: project = '' } = process.env;
const { database } = await connectSpanner({ project, instance, database: name });

// Whoever asked is gone.
process.on('disconnect', () => process.exit());
process.on('message', async ({ events, provider, type, concurrency }: CommitOrder) => {
  const left = events.values();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const { id, body } of left) {
        const event = { provider, id, kind: 'payment', type, body: Buffer.from(body), receiveTime: new Date() } as const;
        const [{ text: sql }, values] = statements.insertProviderEvent.with(event);
        const params = encodeParams(values);
        await database.runTransactionAsync(async (transaction) => {
          await transaction.batchUpdate([{ sql, params }]);
          await transaction.commit();
        });
      }
    }),
  );
  process.send!({ perSecond: (events.length * 1_000) / (performance.now() - startedAt) } satisfies CommitReport);
});
