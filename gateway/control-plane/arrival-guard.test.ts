import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiscoveryServer } from './discovery-server.ts';
import { clusterType } from './preview-resource.ts';
import { PreviewStore } from './preview-store.ts';
import type { ControlPlane } from './start-control-plane.ts';
import { ack, connectDiscovery, type DiscoveryClient, delta, first, names, resource, whole } from './testing/discovery-client.ts';
import { startTestControlPlane } from './testing/test-control-plane.ts';

let store: PreviewStore;
let server: DiscoveryServer;
let listening: ControlPlane;
let client: DiscoveryClient;
const told: string[] = [];

beforeEach(async () => {
  store = new PreviewStore();
  told.length = 0;
  listening = await startTestControlPlane({
    store,
    identify: (metadata) => metadata.get('x-who')[0]?.toString(),
    onWithheld: (why, { node }) => told.push(`${node} is told nothing: ${why}`),
  });
  server = listening.discovery;
  client = connectDiscovery(listening.port);
});
afterEach(() => {
  client.close();
  listening.close();
});

const many = Array.from({ length: 12 }, (_, index) => `pr-${index}`);
const has = (tags: readonly string[]) => Object.fromEntries(tags.map((tag) => [`partner@${tag}`, resource(tag).version]));

test('a control plane that begins anew with less than half of what a client has tells it nothing, until a listing is whole again', async () => {
  store.publish([]);
  const { ask, next, came } = delta(client);
  ask({ ...first, initial_resource_versions: has(many) });
  const why = 'the listing looks wrong: it has 0 of the 12 previews that there were';
  await expect.poll(() => server.clients[0]?.withheld).toBe(why);
  // A listing that is as bad, and a refusal by another client, which is none.
  store.publish(many.slice(0, 5).map((tag) => resource(tag)));
  store.refuse(resource('pr-1'), 'no');
  await expect.poll(() => server.clients[0]?.withheld).toBe('the listing looks wrong: it has 5 of the 12 previews that there were');
  expect(came).toEqual([]);
  store.publish([...many, 'pr-12'].map((tag) => resource(tag)));
  const answer = await next();
  expect([names(answer), answer.removed_resources]).toEqual([['partner@pr-12'], ['partner@pr-1']]);
  expect(server.clients[0]!.withheld).toBeUndefined();
  expect(told).toEqual([`edge-gateway is told nothing: ${why}`]);
});

test('what three listings in a row say is told, and from then on everything; who comes with little or with most is told at once', async () => {
  store.publish([]);
  const { ask, next } = delta(client);
  ask({ ...first, initial_resource_versions: has(many) });
  await expect.poll(() => server.clients[0]?.withheld).toBeDefined();
  store.publish([]);
  store.publish([]);
  const gone = await next();
  expect(gone.removed_resources).toHaveLength(12);
  ask(ack(gone));
  store.publish([resource('pr-1')]);
  expect(names(await next())).toEqual(['partner@pr-1']);
  const few = delta(client, 'jobs-gateway');
  few.ask({ ...first, initial_resource_versions: has(many.slice(0, 9)) });
  expect((await few.next()).removed_resources).toHaveLength(8);
  store.publish(many.slice(6).map((tag) => resource(tag)));
  const half = delta(client, 'jobs-gateway');
  half.ask({ ...first, initial_resource_versions: has(many) });
  expect((await half.next()).removed_resources).toHaveLength(6);
});

test('in the variant that tells the whole state, the version says how many a client has from before', async () => {
  store.publish(many.map((tag) => resource(tag)));
  const before = whole(client);
  before.ask(first);
  const { version_info, nonce } = await before.next();
  before.ask({ type_url: clusterType, response_nonce: nonce, version_info });
  store.publish([]);
  store.publish([]);
  const after = whole(client, 'jobs-gateway');
  after.ask({ ...first, version_info });
  await expect.poll(() => server.clients[1]?.withheld).toBe('the listing looks wrong: it has 0 of the 12 previews that there were');
  store.publish(many.slice(0, 6).map((tag) => resource(tag)));
  expect((await after.next()).resources).toHaveLength(6);
  const fresh = whole(client, 'jobs-gateway');
  store.publish([]);
  fresh.ask(first);
  expect((await fresh.next()).resources ?? []).toEqual([]);
});
