import { fromBinary } from '@bufbuild/protobuf';
import { businessNow } from '../../../../services/platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../../../../services/platform/chassis/process/start-service.ts';
import { bind } from '../../../../services/platform/chassis/server/bind.ts';
import { inboxInsert } from '../../../../services/platform/cloud/events/inbox.ts';
import { createIdTokens } from '../../../../services/platform/cloud/identity/identity.ts';
import { inboxTable } from '../../../../services/platform/cloud/spanner/history.ts';
import { openSchema } from '../../../../services/platform/cloud/spanner/open-schema.ts';
import { createClient } from '../../../../services/platform/contracts/client.ts';
import { MaintenanceService } from '../../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { audienceOf } from '../../../../services/platform/contracts/identities.ts';
import { DigestService } from '../../gen/types/tiny/digest/v1/digest_pb.js';
import { EventSchema } from '../../gen/types/tiny/event/v1/event_pb.js';
import { NotesInternalService } from '../../gen/types/tiny/notes/v1/notes_pb.js';
import type { manifest } from './manifest.ts';
import { statements } from './store.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof manifest>): Started {
  const { database, maintenance, close } = openSchema({ schema: 'digest', config, now: businessNow, keptTables: [inboxTable] });
  const idTokens = createIdTokens();
  const audience = audienceOf('notes', config.GOOGLE_CLOUD_PROJECT);
  const headers = async () => ({ 'x-serverless-authorization': await idTokens.header(audience) });
  const notes = createClient(NotesInternalService, { url: config.NOTES_URL, headers });
  const upkeep = createClient(MaintenanceService, { url: config.NOTES_URL, headers });
  return {
    bindings: [
      bind(DigestService, {
        async getDigest() {
          const [total] = await statements.total.all(database, {});
          return { notes: Number(total?.notes ?? 0n), letters: Number(total?.letters ?? 0n) };
        },
        async handleNoteEvent({ message }) {
          const event = fromBinary(EventSchema, message?.data ?? new Uint8Array());
          const { letters } = await notes.measureNote({ name: event.aggregate });
          await database.transact(async (tx) => {
            const [fresh] = await tx.batch([inboxInsert('digest', event.id, businessNow())]);
            if (fresh !== 0) await tx.batch([statements.insertMeasured.with({ note: event.aggregate, letters: BigInt(letters) })]);
          });
          return {};
        },
        async keepUp() {
          return { published: (await upkeep.relayOutbox({ limit: 100 })).published };
        },
      }),
      maintenance,
    ],
    async close() {
      notes.close();
      upkeep.close();
      await close();
    },
  };
}
