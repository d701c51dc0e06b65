/**
 * The process behind webhook-accept.ts that commits inbox rows without gateway and service: Google's client in a loop, in the form of the webhook
 * service's transaction. What the service is measured against.
 */
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { connectSpanner } from '../../services/platform/cloud/spanner/spanner-client.ts';
import { statements } from '../../services/webhook/store/store.ts';
import type { CommitOrder, CommitReport } from '../webhook-accept.ts';

// As the chassis does: Google's client would install one that costs a tenth of the loop.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const { SPANNER_INSTANCE: instance = '', SPANNER_DATABASE: name = '', GOOGLE_CLOUD_PROJECT: project = '' } = process.env;
const { database } = await connectSpanner({ project, instance, database: name });
const sql = statements.insertProviderEvent.text;
const types = { p1: 'string', p2: 'string', p3: 'string', p4: 'string', p5: 'bytes', p6: 'timestamp' };

// Whoever asked is gone.
process.on('disconnect', () => process.exit());
process.on('message', async ({ events, provider, type, concurrency }: CommitOrder) => {
  const left = events.values();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const { id, body } of left) {
        const params = { p1: provider, p2: id, p3: 'payment', p4: type, p5: Buffer.from(body), p6: new Date() };
        await database.runTransactionAsync(async (transaction) => {
          await transaction.batchUpdate([{ sql, params, types }]);
          await transaction.commit();
        });
      }
    }),
  );
  process.send!({ perSecond: (events.length * 1_000) / (performance.now() - startedAt) } satisfies CommitReport);
});
