import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { listOf, listPage } from '../../../../services/platform/chassis/api/list-page.ts';
import { notFound } from '../../../../services/platform/chassis/errors/rpc-error.ts';
import { businessNow } from '../../../../services/platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../../../../services/platform/chassis/process/start-service.ts';
import { bind } from '../../../../services/platform/chassis/server/bind.ts';
import { requireCaller } from '../../../../services/platform/chassis/trust/require-caller.ts';
import { openPublishingSchema } from '../../../../services/platform/cloud/spanner/open-schema.ts';
import { EventSchema } from '../../gen/types/tiny/event/v1/event_pb.js';
import { ListNotesRequestSchema, NoteSchema, NotesInternalService, NotesService } from '../../gen/types/tiny/notes/v1/notes_pb.js';
import type { manifest } from './manifest.ts';
import { statements } from './store.ts';

const noteList = listOf(ListNotesRequestSchema, NoteSchema, { filter: ['create_time'], order: { field: 'create_time', descending: true } });

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
          return messageOf(await find(name));
        },
        async listNotes(request) {
          const { items, nextPageToken } = await listPage(
            noteList,
            request,
            (query) => statements.listNotes.all(database, {}, query),
            ({ id, createTime }) => ({ time: createTime, id }),
          );
          return { notes: items.map(messageOf), nextPageToken };
        },
        async writeNote({ text }, call) {
          const author = requireCaller(call, 'customer').id;
          const id = randomUUID();
          const name = `notes/${id}`;
          const body = `${config.GREETING}${text}`;
          const note = { id, author, body, createTime: businessNow() };
          const payload = { case: 'noteWritten' as const, value: { author } };
          const event = create(EventSchema, { id: randomUUID(), aggregate: name, version: 1n, payload });
          await database.transact(async (tx) => {
            await tx.batch([statements.insertNote.with(note), outbox.insert(event)]);
          });
          call.afterResponse(() => outbox.publish([event]));
          return messageOf(note);
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

function messageOf({ id, body, createTime }: { readonly id: string; readonly body: string; readonly createTime: Date }) {
  return { name: `notes/${id}`, text: body, createTime: timestampFromDate(createTime) };
}
