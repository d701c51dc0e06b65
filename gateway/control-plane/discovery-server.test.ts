import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
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
    onRefused: ({ name }, words, { node }) => told.push(`${node} refuses ${name}: ${words}`),
  });
  server = listening.discovery;
  client = connectDiscovery(listening.port);
});
afterEach(() => {
  client.close();
  listening.close();
});

test('a client that asks for all is told all, then what changes and nothing else', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = delta(client);
  ask(first);
  const all = await next();
  expect(names(all).sort()).toEqual(['partner@pr-1', 'partner@pr-2']);
  ask(ack(all));
  store.publish([resource('pr-1'), resource('pr-3')]);
  const change = await next();
  expect(names(change)).toEqual(['partner@pr-3']);
  expect(change.removed_resources).toEqual(['partner@pr-2']);
  expect(change.resources[0]!.version).toBe(resource('pr-3').version);
  expect(change.resources[0]!.resource).toEqual({ type_url: clusterType, value: resource('pr-3').body });
});

test('a first question is answered even where there is nothing, or a gateway would wait for it', async () => {
  const { ask, next } = delta(client);
  ask(first);
  store.publish([]);
  const answer = await next();
  expect(answer).toMatchObject({ type_url: clusterType, nonce: '1' });
  expect(names(answer)).toEqual([]);
});

test('before it is known which previews there are nothing is said: a gateway that comes again would lose those that it has', async () => {
  const { ask, next, came } = delta(client);
  ask({ ...first, initial_resource_versions: { 'partner@pr-1': resource('pr-1').version } });
  await expect.poll(() => server.clients[0]?.node).toBe('edge-gateway');
  expect(came).toEqual([]);
  store.publish([resource('pr-1'), resource('pr-2')]);
  const answer = await next();
  expect([names(answer), answer.removed_resources ?? []]).toEqual([['partner@pr-2'], []]);
});

test('a client that comes again is told what it does not have, and what is gone', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = delta(client);
  ask({ ...first, initial_resource_versions: { 'partner@pr-1': resource('pr-1').version, 'partner@pr-2': 'old', 'partner@pr-0': 'gone' } });
  const answer = await next();
  expect(names(answer)).toEqual(['partner@pr-2']);
  expect(answer.removed_resources).toEqual(['partner@pr-0']);
});

test('two control planes that have found the same say the same: a client that goes from one to the other is sent only what the other knows better', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const here = delta(client);
  here.ask(first);
  const told = await here.next();
  const has = Object.fromEntries(told.resources.map(({ name, version }) => [name, version]));
  const other = new PreviewStore();
  const otherPlane = await startTestControlPlane({
    store: other,
  });
  // In another order, and one that the first has not heard of yet.
  other.publish([resource('pr-3'), resource('pr-2'), resource('pr-1')]);
  client.close();
  client = connectDiscovery(otherPlane.port);
  const there = delta(client);
  there.ask({ ...first, initial_resource_versions: has });
  const difference = await there.next();
  expect([names(difference), difference.removed_resources ?? []]).toEqual([['partner@pr-3'], []]);
  there.ask(ack(difference));
  // What the first one found before, found by the other as well, is the same state to the byte.
  store.publish([resource('pr-1'), resource('pr-2'), resource('pr-3')]);
  expect(other.version).toBe(store.version);
  otherPlane.close();
});

test('a client that asks for some by name is told of those, be it that there is none', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = delta(client, 'job');
  ask({ ...first, resource_names_subscribe: ['partner@pr-1', 'partner@pr-9'] });
  const answer = await next();
  expect(names(answer)).toEqual(['partner@pr-1']);
  expect(answer.removed_resources).toEqual(['partner@pr-9']);
  ask(ack(answer));
  store.publish([resource('pr-1'), resource('pr-9')]);
  expect(names(await next())).toEqual(['partner@pr-9']);
});

test('while a client owes an answer changes pile up to one', async () => {
  store.publish([]);
  const { ask, next, came } = delta(client);
  ask(first);
  const empty = await next();
  for (const tags of [['pr-1'], ['pr-2'], ['pr-2', 'pr-3']]) store.publish(tags.map((tag) => resource(tag)));
  ask(ack(empty));
  const answer = await next();
  expect(names(answer).sort()).toEqual(['partner@pr-2', 'partner@pr-3']);
  expect(came).toEqual([]);
  expect(server.clients[0]!.owesSince).toBeDefined();
});

test('a refused preview goes back to what was accepted, is told once, and the others are accepted', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = delta(client);
  ask(first);
  ask(ack(await next()));
  store.publish([resource('pr-1', '127.0.0.2'), resource('pr-2', '127.0.0.2')]);
  const { nonce } = await next();
  ask({ ...ack({ nonce }), error_detail: { message: 'Error adding/updating cluster(s) partner@pr-1: no' } });
  await expect.poll(() => told).toEqual(['edge-gateway refuses partner@pr-1: Error adding/updating cluster(s) partner@pr-1: no']);
  expect(store.served.get('partner@pr-1')!.version).toBe(resource('pr-1').version);
  expect(store.served.get('partner@pr-2')!.version).toBe(resource('pr-2', '127.0.0.2').version);
  expect(server.clients[0]!.refused).toMatchObject({ previews: ['partner@pr-1'] });

  const other = delta(client, 'jobs-gateway');
  other.ask(first);
  const versions = Object.fromEntries((await other.next()).resources.map(({ name, version }) => [name, version]));
  expect(versions).toEqual({ 'partner@pr-1': resource('pr-1').version, 'partner@pr-2': resource('pr-2', '127.0.0.2').version });
});

test('where a client does not say what it refuses, each is asked about alone', async () => {
  store.publish([resource('pr-1'), resource('pr-2'), resource('pr-3')]);
  const { ask, next } = delta(client);
  ask(first);
  const all = await next();
  ask({ ...ack(all), error_detail: { message: 'no' } });
  for (const tag of ['pr-1', 'pr-2', 'pr-3']) {
    const one = await next();
    expect(names(one)).toEqual([`partner@${tag}`]);
    ask(tag === 'pr-2' ? { ...ack(one), error_detail: { message: 'no' } } : ack(one));
  }
  await expect.poll(() => [...store.served.keys()].sort()).toEqual(['partner@pr-1', 'partner@pr-3']);
});

test('an answer to an earlier update says nothing about the one under way', async () => {
  store.publish([]);
  const { ask, next } = delta(client);
  ask(first);
  ask(ack(await next()));
  store.publish([resource('pr-1')]);
  const update = await next();
  ask({ ...ack({ nonce: '1' }), error_detail: { message: 'partner@pr-1' } });
  ask(ack(update));
  await expect.poll(() => server.clients[0]!.accepted).toBe(store.version);
  expect(told).toEqual([]);
});

test('in the variant that tells the whole state, each change brings all, and a refusal takes the guilty one out', async () => {
  store.publish([resource('pr-1')]);
  const { ask, next } = whole(client);
  ask({ type_url: clusterType, node: { id: 'old' } });
  const one = await next();
  expect(one.resources).toHaveLength(1);
  ask({ type_url: clusterType, response_nonce: one.nonce });
  store.publish([resource('pr-1'), resource('pr-2')]);
  const two = await next();
  expect(two.resources).toHaveLength(2);
  ask({ type_url: clusterType, response_nonce: two.nonce, error_detail: { message: 'no' } });
  await expect.poll(() => [...store.served.keys()]).toEqual(['partner@pr-1']);
  store.publish([]);
  await expect.poll(() => store.served.size).toBe(0);
  expect((await next()).resources ?? []).toEqual([]);
});

test('a client that asks anew by name is sent it anew: it may have forgotten what it had', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = delta(client);
  ask({ ...first, resource_names_subscribe: ['partner@pr-1'], initial_resource_versions: { 'partner@pr-1': resource('pr-1').version } });
  const known = await next();
  expect(names(known)).toEqual([]);
  ask({ ...ack(known), resource_names_subscribe: ['partner@pr-1'] });
  expect(names(await next())).toEqual(['partner@pr-1']);
});

test('a client that asks anew while an answer is under way is sent it anew all the same', async () => {
  store.publish([resource('pr-1')]);
  const { ask, next } = delta(client);
  ask({ ...first, resource_names_subscribe: ['partner@pr-1'] });
  const answer = await next();
  ask({ type_url: clusterType, resource_names_subscribe: ['partner@pr-1'] });
  ask(ack(answer));
  expect(names(await next())).toEqual(['partner@pr-1']);
});

test('a client that asks for all and for one by name is answered about the one, and told when it goes, also after it has let go of the name', async () => {
  store.publish([resource('pr-1')]);
  const { ask, next } = delta(client);
  ask({ ...first, resource_names_subscribe: ['*'] });
  ask({ ...ack(await next()), resource_names_subscribe: ['partner@pr-1', 'partner@pr-9'] });
  const both = await next();
  expect([names(both), both.removed_resources]).toEqual([['partner@pr-1'], ['partner@pr-9']]);
  ask({ ...ack(both), resource_names_unsubscribe: ['partner@pr-1'] });
  const still = await next();
  expect(names(still)).toEqual(['partner@pr-1']);
  ask(ack(still));
  store.publish([]);
  expect((await next()).removed_resources).toEqual(['partner@pr-1']);
});

test('a client that no longer asks for all is told of what it asks for by name only', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = delta(client);
  ask({ ...first, resource_names_subscribe: ['*', 'partner@pr-1'] });
  ask({ ...ack(await next()), resource_names_unsubscribe: ['*'] });
  await expect.poll(() => server.clients[0]!.owesSince).toBeUndefined();
  store.publish([resource('pr-2', '127.0.0.2'), resource('pr-1', '127.0.0.2'), resource('pr-3')]);
  expect(names(await next())).toEqual(['partner@pr-1']);
});

test('an update that only takes away is not sent again where it is refused', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next, came } = delta(client);
  ask(first);
  ask(ack(await next()));
  store.publish([resource('pr-2')]);
  const gone = await next();
  ask({ ...ack(gone), error_detail: { message: 'no' } });
  await expect.poll(() => server.clients[0]!.refused).toBeDefined();
  store.publish([resource('pr-2'), resource('pr-3')]);
  const after = await next();
  expect([names(after), after.removed_resources ?? [], came]).toEqual([['partner@pr-3'], [], []]);
});

test('a preview that has changed again while its update is under way is sent as it is now, though the update is refused', async () => {
  store.publish([]);
  const { ask, next } = delta(client);
  ask(first);
  ask(ack(await next()));
  store.publish([resource('pr-1')]);
  const bad = await next();
  store.publish([resource('pr-1', '127.0.0.2')]);
  ask({ ...ack(bad), error_detail: { message: 'partner@pr-1: no' } });
  const good = await next();
  expect(good.resources.map(({ version }) => version)).toEqual([resource('pr-1', '127.0.0.2').version]);
  ask(ack(good));
  await expect.poll(() => server.clients[0]!.owesSince).toBeUndefined();
  // The refused version is known as such, should it come back.
  store.publish([resource('pr-1')]);
  expect(store.served.get('partner@pr-1')!.version).toBe(resource('pr-1', '127.0.0.2').version);
  expect(told).toHaveLength(1);
});

test('a preview that has gone while its refused update was under way is not told of', async () => {
  store.publish([]);
  const { ask, next, came } = delta(client);
  ask(first);
  ask(ack(await next()));
  store.publish([resource('pr-1')]);
  const bad = await next();
  store.publish([]);
  ask({ ...ack(bad), error_detail: { message: 'partner@pr-1: no' } });
  store.publish([resource('pr-2')]);
  const after = await next();
  expect([names(after), after.removed_resources ?? [], came]).toEqual([['partner@pr-2'], [], []]);
});

test('in the variant that tells the whole state, "*" is all, and names are those only: what was not sent is not accepted', async () => {
  store.publish([resource('pr-1'), resource('pr-2')]);
  const { ask, next } = whole(client);
  ask({ ...first, resource_names: ['*'] });
  const all = await next();
  expect(all.resources).toHaveLength(2);
  ask({ type_url: clusterType, response_nonce: all.nonce, resource_names: ['*'] });
  const other = whole(client, 'job');
  store.publish([resource('pr-1', '127.0.0.2'), resource('pr-2', '127.0.0.2')]);
  other.ask({ ...first, resource_names: ['partner@pr-1'] });
  const one = await other.next();
  expect(one.resources).toHaveLength(1);
  other.ask({ type_url: clusterType, response_nonce: one.nonce, resource_names: ['partner@pr-1'] });
  await expect.poll(() => server.clients[1]!.accepted).toBe(store.version);
  store.refuse(resource('pr-2', '127.0.0.2'), 'no');
  expect(store.served.get('partner@pr-2')!.version).toBe(resource('pr-2').version);
});

test('in the variant that tells the whole state, a refusal of what has gone only is not answered with the same again', async () => {
  store.publish([resource('pr-1')]);
  const { ask, next, came } = whole(client);
  ask(first);
  ask({ type_url: clusterType, response_nonce: (await next()).nonce });
  store.publish([]);
  const empty = await next();
  ask({ type_url: clusterType, response_nonce: empty.nonce, error_detail: { message: 'no' } });
  await expect.poll(() => server.clients[0]!.refused).toBeDefined();
  store.publish([resource('pr-2')]);
  expect((await next()).resources).toHaveLength(1);
  expect(came).toEqual([]);
});

test('of another type there is nothing, which is said', async () => {
  const { ask, next } = delta(client);
  ask({ type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener' });
  expect(await next()).toMatchObject({ type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener' });
});

test('who is none of our workloads is let in by neither variant', async () => {
  for (const open of [delta, whole]) {
    const { duplex } = open(client, '');
    const [error] = await once(duplex, 'error');
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
  }
  expect(server.clients).toEqual([]);
});

test('a client that goes is forgotten', async () => {
  store.publish([]);
  const { ask, next, duplex } = delta(client);
  ask(first);
  await next();
  expect(server.clients).toHaveLength(1);
  duplex.cancel();
  await expect.poll(() => server.clients).toEqual([]);
});
