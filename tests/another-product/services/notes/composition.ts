import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { notFound } from '../../../../services/platform/chassis/errors/rpc-error.ts';
import { businessNow } from '../../../../services/platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../../../../services/platform/chassis/process/start-service.ts';
import { bind } from '../../../../services/platform/chassis/server/bind.ts';
import { requireCaller } from '../../../../services/platform/chassis/trust/require-caller.ts';
import { openPublishingSchema } from '../../../../services/platform/cloud/spanner/open-schema.ts';
import { EventSchema } from '../../gen/types/tiny/event/v1/event_pb.js';
import { NotesInternalService, NotesService } from '../../gen/types/tiny/notes/v1/notes_pb.js';
import type { manifest } from './manifest.ts';
import { statements } from './store.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof manifest>): Started {
  const { database, outbox, maintenance, close } = openPublishingSchema({
    schema: 'notes',
    config,
    now: businessNow,
    eventType: EventSchema,
    keptTables: [],
  });

  async function find(name: string) {
    const [note] = await statements.selectNote.all(database, { id: name.slice('notes/'.length) });
    if (note === undefined) throw notFound(name);
    return note;
  }

  return {
    bindings: [
      bind(NotesService, {
        async getNote({ name }) {
          return { name, text: (await find(name)).body };
        },
        async writeNote({ text }, call) {
          const author = requireCaller(call, 'customer').id;
          const id = randomUUID();
          const name = `notes/${id}`;
          const body = `${config.GREETING}${text}`;
          const payload = { case: 'noteWritten' as const, value: { author } };
          const event = create(EventSchema, { id: randomUUID(), aggregate: name, version: 1n, payload });
          await database.transact(async (tx) => {
            await tx.batch([statements.insertNote.with({ id, author, body }), outbox.insert(event)]);
          });
          call.afterResponse(() => outbox.publish([event]));
          return { name, text: body };
        },
      }),
      bind(NotesInternalService, {
        async measureNote({ name }) {
          return { letters: (await find(name)).body.length };
        },
      }),
      maintenance,
    ],
    close,
  };
}
