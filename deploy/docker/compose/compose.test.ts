import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { controlPlane } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { startPubsub } from '../../local/cloud/pubsub/start-pubsub.ts';
import { systemClock } from '../../local/shared/local-server.ts';
import { images } from '../images.ts';
import { bridgePubsub } from './pubsub-bridge.ts';

/** What we use of the compose specification (https://github.com/compose-spec/compose-spec), and nothing else: a name that is mistyped is a fault. */
const service = z.strictObject({
  image: z.string().regex(/^[a-z0-9./-]+(:[\w.-]+)?$/),
  build: z
    .strictObject({
      context: z.string().startsWith('/'),
      dockerfile: z.string(),
      args: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string().regex(/^[A-Z_]+$/), z.string()).optional(),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) }))
    .optional(),
  network_mode: z
    .string()
    .regex(/^service:/)
    .optional(),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).optional(),
  volumes: z.array(z.string().regex(/^\/[^:]+:\/[^:]+(:ro)?$/)).optional(),
  tmpfs: z.array(z.string()).optional(),
  read_only: z.literal(true).optional(),
  cap_drop: z.tuple([z.literal('ALL')]).optional(),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]).optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .optional(),
  user: z
    .string()
    .regex(/^[1-9]\d*:\d+$/)
    .optional(),
});
const schema = z.strictObject({ name: z.string(), services: z.record(z.string(), service) });

let folder: string;
let compose: z.output<typeof schema>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-compose-'));
  execFileSync(process.execPath, [join(import.meta.dirname, 'render.ts'), folder]);
  compose = schema.parse(parse(readFileSync(join(folder, 'compose.yaml'), 'utf8')));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ours = () => Object.entries(compose.services).filter(([, { build }]) => build !== undefined);

test('every service and both gateways run from their images', () => {
  const built = new Set(ours().map(([, { image }]) => image));
  expect([...built].toSorted()).toEqual(
    [...images.filter((image) => image !== controlPlane), 'local-cloud'].map((name) => `kumiko/${name}`).toSorted(),
  );
  for (const name of serviceNames) expect(compose.services[name]!.build!.args).toEqual({ SERVICE: name });
  for (const [, { build }] of ours()) expect(existsSync(join(build!.context, build!.dockerfile))).toBe(true);
});

test('our containers cannot write their file system, nor gain rights', () => {
  for (const [, { read_only, cap_drop, security_opt, tmpfs }] of ours()) {
    expect({ read_only, cap_drop, security_opt, tmpfs }).toEqual({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: ['/tmp'],
    });
  }
});

test('images of others have exact tags', () => {
  const others = Object.values(compose.services).filter(({ build }) => build === undefined);
  expect(others).toHaveLength(2);
  for (const { image } of others) expect(image).toMatch(/:\d+\.\d+\.\d+/);
});

test('everything shares the network of one container, and what is waited for is there', () => {
  const names = Object.keys(compose.services);
  for (const [name, { network_mode, depends_on = {} }] of Object.entries(compose.services)) {
    if (name !== 'local-cloud') expect(network_mode).toBe('service:local-cloud');
    expect(Object.keys(depends_on).filter((other) => !names.includes(other))).toEqual([]);
  }
});

test.each(['edge', 'jobs'])('the image of gateways is built of a tree with the bootstrap of %s', (role) => {
  const { context } = compose.services[role]!.build!;
  expect(readFileSync(join(context, `etc/kumiko/${role}.yaml`), 'utf8')).toContain('port_value: 8080');
});

test('the file with the secrets is for its owner only', () => {
  expect(statSync(join(folder, 'compose.yaml')).mode & 0o077).toBe(0);
});

test('the bridge hands messages on, with attributes and in order', async () => {
  const stateDirs = ['emulator', 'local'].map((name) => mkdtempSync(join(folder, `${name}-`)));
  const mintIdToken = async () => ({ token: 'unused', expiresAt: Number.MAX_SAFE_INTEGER });
  const [emulator, local] = await Promise.all(
    stateDirs.map((stateDir) => startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: mintIdToken as never })),
  );
  const project = 'kumiko-test';
  const clientOf = (port: number) => new PubSub({ projectId: project, apiEndpoint: `127.0.0.1:${port}`, emulatorMode: true });
  const [publisher, consumer] = [clientOf(emulator!.port), clientOf(local!.port)];
  const [topic] = await consumer.createTopic('orders');
  const [subscription] = await topic.createSubscription('check', { enableMessageOrdering: true });
  const bridge = await bridgePubsub({ project, topics: ['orders'], from: `127.0.0.1:${emulator!.port}`, to: `127.0.0.1:${local!.port}` });
  try {
    const received = new Promise<unknown[]>((resolve) => {
      const messages: unknown[] = [];
      subscription.on('message', (message) => {
        messages.push([message.data.toString(), message.attributes, message.orderingKey]);
        message.ack();
        if (messages.length === 3) resolve(messages);
      });
    });
    const source = publisher.topic('orders', { messageOrdering: true });
    for (const text of ['1', '2', '3']) {
      await source.publishMessage({ data: Buffer.from(text), attributes: { event_id: text }, orderingKey: 'orders/a' });
    }
    expect(await received).toEqual(['1', '2', '3'].map((text) => [text, { event_id: text }, 'orders/a']));
  } finally {
    await subscription.close();
    await bridge.close();
    await Promise.all([publisher.close(), consumer.close()]);
    await Promise.all([emulator!.close(), local!.close()]);
  }
});
