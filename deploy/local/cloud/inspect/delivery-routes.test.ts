import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { project } from '../../platform/place.ts';
import { pullSubscription } from '../../platform/topology.ts';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { startJsonServer } from '../../shared/http/json-server.ts';
import type { LocalServer } from '../../shared/local-server.ts';
import { readMessageTypes } from '../messages/message-types.ts';
import { type PubsubServer, startPubsub } from '../pubsub/start-pubsub.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import type { Inspected } from './inspected.ts';

let stateDir: string;
let pubsub: PubsubServer;
let server: LocalServer;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  pubsub = await startPubsub({ port: 0, stateDir, clock: createManualClock(), mintIdToken: async () => 'token' });
  for (const topic of ['notes', 'letters']) {
    pubsub.broker.createTopic({ name: `projects/${project}/topics/${topic}`, labels: {} });
    pubsub.broker.createSubscription(pullSubscription(project, `${topic}-reader`, topic));
  }
  // Of what is inspected these routes need no more.
  const inspected = { broker: pubsub.broker, types: readMessageTypes() } as Inspected;
  server = await startJsonServer({ port: 0, routes: deliveryRoutes(inspected) });
});
afterEach(async () => {
  await server.close();
  await pubsub.close();
  rmSync(stateDir, { recursive: true });
});

const at = (path: string) => `http://127.0.0.1:${server.port}${path}`;
const waiting = async (subscription: string) =>
  ((await (await fetch(at(`/subscriptions/${subscription}`))).json()) as { waiting: { id: string; attributes: object }[] }).waiting;
const publish = (topic: string, attributes: Readonly<Record<string, string>>) =>
  pubsub.broker.publish(`projects/${project}/topics/${topic}`, [{ data: Buffer.from('?'), attributes, orderingKey: '' }]);
const replay = (subscription: string, id: string, contentType = 'application/json') =>
  fetch(at(`/subscriptions/${subscription}/messages/${id}/replay`), {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: '{}',
  });

it('publishes a dead letter again to the topic that it came from, once, and leaves the others where they are', async () => {
  publish('letters', {
    CloudPubSubDeadLetterSourceSubscription: 'notes-reader',
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    kind: 'first',
  });
  publish('letters', { CloudPubSubDeadLetterSourceSubscription: 'notes-reader', kind: 'second' });
  const [letter] = await waiting('letters-reader');
  // As a page of another port could send it without asking.
  expect((await replay('letters-reader', letter!.id, 'text/plain')).status).toBe(415);
  expect((await replay('letters-reader', letter!.id)).status).toBe(200);
  expect((await waiting('notes-reader')).map(({ attributes }) => attributes)).toEqual([{ kind: 'first' }]);
  expect((await waiting('letters-reader')).map(({ attributes }) => attributes)).toMatchObject([{ kind: 'second' }]);
  expect((await replay('letters-reader', letter!.id)).status).toBe(404);
});

it('refuses to replay what is no dead letter, and changes nothing', async () => {
  publish('notes', { kind: 'first' });
  const [message] = await waiting('notes-reader');
  expect((await replay('notes-reader', message!.id)).status).toBe(400);
  expect(await waiting('notes-reader')).toHaveLength(1);
});

it('shows of bytes that are no event only how many there are', async () => {
  publish('notes', { kind: 'first' });
  expect(JSON.stringify(await waiting('notes-reader'))).toMatch(/\[1 bytes that are no [\w.]+\]/);
});
