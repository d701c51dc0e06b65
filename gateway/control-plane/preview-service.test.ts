import { EventEmitter } from 'node:events';
import { create } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient } from '../../services/platform/contracts/client.ts';
import {
  ControlPlaneStatusSchema,
  PreviewService,
  type WatchPreviewsResponse,
} from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { previewResource } from './preview-resource.ts';
import { previewService } from './preview-service.ts';
import { PreviewStore } from './preview-store.ts';
import type { ControlPlane } from './start-control-plane.ts';
import { startTestControlPlane } from './testing/test-control-plane.ts';

const resource = (tag: string, service = 'partner') =>
  previewResource({ service, tag, url: `http://127.0.0.1:8080`, revision: `${service}-${tag}` }, {});

type WatchPreviews = ReturnType<typeof previewService>['WatchPreviews'];

/** Counts who listens to it. */
class CountedStore extends PreviewStore {
  listeners = 0;

  override onChange(listener: Parameters<PreviewStore['onChange']>[0]): () => void {
    const end = super.onChange(listener);
    this.listeners += 1;
    let ended = false;
    return () => {
      if (!ended) this.listeners -= 1;
      ended = true;
      end();
    };
  }
}

const withheld: string[] = [];
let store: CountedStore;
let listening: ControlPlane;
const client = (headers = {}) => createClient(PreviewService, { url: `http://127.0.0.1:${listening.port}`, headers: async () => headers });

beforeEach(async () => {
  store = new CountedStore();
  withheld.length = 0;
  listening = await startTestControlPlane({
    store,
    identify: (metadata) => metadata.get('x-who')[0]?.toString(),
    onWithheld: (why, { workload }) => withheld.push(`${workload}: ${why}`),
    watch: { state: { listedAt: 5_000, fault: 'Cloud Run cannot be listed', faults: [] } },
    isOperator: (metadata) => metadata.get('x-who')[0] === 'operator',
  });
});
afterEach(() => listening.close());

const tagsOf = ({ previews }: { previews: readonly { tag: string }[] }) => previews.map(({ tag }) => tag);

test('a service is told the previews that it asks for, when they are known and when they change', async () => {
  const watching = client({ 'x-who': 'job' });
  const lists = watching.watchPreviews({ services: ['partner'] })[Symbol.asyncIterator]();
  const first = lists.next();
  store.publish([resource('pr-1'), resource('pr-2', 'customer')]);
  expect(tagsOf((await first).value)).toEqual(['pr-1']);
  store.publish([resource('pr-1')]);
  store.publish([resource('pr-1'), resource('pr-3')]);
  expect(tagsOf((await lists.next()).value)).toEqual(['pr-1', 'pr-3']);
  watching.close();
});

test('a service that comes with what it was told is not told of a listing in which most of that is gone, until it has come three times or is whole again', async () => {
  const tags = Array.from({ length: 12 }, (_, index) => `pr-${index}`);
  const known = tags.map((tag) => ({ service: 'partner', tag }));
  const lists = (watching: ReturnType<typeof client>) => watching.watchPreviews({ services: ['partner'], known })[Symbol.asyncIterator]();
  const watching = client({ 'x-who': 'job' });
  const healed = lists(watching);
  const first = healed.next();
  store.publish([]);
  await expect.poll(() => withheld).toEqual(['job: the listing looks wrong: it has 0 of the 12 previews that there were']);
  store.publish(tags.map((tag) => resource(tag)));
  expect(tagsOf((await first).value)).toEqual(tags);
  store.publish([]);
  const confirmed = lists(watching).next();
  await expect.poll(() => withheld).toHaveLength(2);
  for (let times = 0; times < 2; times++) store.publish([]);
  expect(tagsOf((await confirmed).value)).toEqual([]);
  watching.close();
});

test('who is none of our workloads is told nothing', async () => {
  const stranger = client();
  store.publish([resource('pr-1')]);
  await expect(
    stranger
      .watchPreviews({ services: ['partner'] })
      [Symbol.asyncIterator]()
      .next(),
  ).rejects.toMatchObject({
    code: status.UNAUTHENTICATED,
  });
  expect(store.listeners).toBe(0);
  stranger.close();
});

test('an operator is told how it stands, and nobody else is: neither a workload nor a stranger', async () => {
  store.publish([resource('pr-1')]);
  store.accept(resource('pr-1'));
  const moved = previewResource({ service: 'partner', tag: 'pr-1', url: 'http://127.0.0.1:8081', revision: 'partner-newer' }, {});
  store.publish([moved]);
  store.refuse(moved, 'no');
  const [operator, workload, stranger] = [client({ 'x-who': 'operator' }), client({ 'x-who': 'job' }), client()];
  expect(await operator.getStatus({})).toMatchObject({
    version: store.version,
    listing: { at: { seconds: 5n }, fault: 'Cloud Run cannot be listed', faults: [] },
    previews: [{ name: 'partner@pr-1', version: resource('pr-1').version, url: 'http://127.0.0.1:8080', revision: 'partner-pr-1' }],
    refused: [{ name: 'partner@pr-1', version: moved.version, words: 'no', served: resource('pr-1').version }],
    clients: [],
  });
  for (const other of [workload, stranger]) await expect(other.getStatus({})).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  for (const one of [operator, workload, stranger]) one.close();
});

test('a client that goes is forgotten', async () => {
  const watching = client({ 'x-who': 'job' });
  const going = new AbortController();
  const lists = watching.watchPreviews({ services: ['partner'] }, { signal: going.signal })[Symbol.asyncIterator]();
  store.publish([resource('pr-1')]);
  await lists.next();
  expect(store.listeners).toBe(1);
  going.abort();
  await expect.poll(() => store.listeners).toBe(0);
  watching.close();
});

test('a client that does not read has one list on its way, and is told the newest when it reads again', () => {
  const written: string[][] = [];
  const read: (() => void)[] = [];
  const stream = Object.assign(new EventEmitter(), {
    metadata: new Metadata(),
    request: { services: ['partner'], known: [] },
    cancelled: false,
    write: (list: WatchPreviewsResponse, onRead: () => void) => {
      written.push(tagsOf(list));
      read.push(onRead);
    },
  });
  previewService({
    isOperator: () => false,
    store,
    identify: () => 'job',
    onWithheld: () => {},
    status: () => create(ControlPlaneStatusSchema),
  }).WatchPreviews(stream as unknown as Parameters<WatchPreviews>[0]);
  for (const tag of ['pr-1', 'pr-2', 'pr-3', 'pr-4']) store.publish([resource(tag)]);
  expect(written).toEqual([['pr-1']]);
  read.shift()!();
  expect(written).toEqual([['pr-1'], ['pr-4']]);
  read.shift()!();
  store.publish([resource('pr-5')]);
  store.publish([resource('pr-6')]);
  expect(written).toEqual([['pr-1'], ['pr-4'], ['pr-5']]);
  // One that has gone meanwhile is written nothing.
  stream.cancelled = true;
  stream.emit('cancelled');
  read.shift()!();
  expect([written.length, store.listeners]).toEqual([3, 0]);
});
