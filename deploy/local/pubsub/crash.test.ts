import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PubSub } from '@google-cloud/pubsub';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../local-server.ts';
import { startPubsub } from './start-pubsub.ts';

vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

const program = `
  import { startPubsub } from ${JSON.stringify(join(import.meta.dirname, 'start-pubsub.ts'))};
  import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../local-server.ts'))};
  const server = await startPubsub({ port: 0, stateDir: process.argv[1], clock: systemClock, mintIdToken: async () => '' });
  console.log(server.port);
`;

it('keeps every acknowledged message when its process is killed while publishing', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-pubsub-crash-'));
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [port] = await once(createInterface(child.stdout), 'line');
  const pubsub = new PubSub({ projectId: 'kumiko-local', apiEndpoint: `127.0.0.1:${port}`, emulatorMode: true });
  const [created] = await pubsub.createTopic('events');
  await created.createSubscription('audit');
  const topic = pubsub.topic('events', { batching: { maxMessages: 1 }, gaxOpts: { retry: null } });

  const acknowledged: string[] = [];
  let refused = 0;
  for (let count = 0; count < 500; count += 1) {
    topic.publishMessage({ data: Buffer.from(String(count)) }).then(
      (messageId) => {
        acknowledged.push(messageId);
        if (acknowledged.length === 100) child.kill('SIGKILL');
      },
      () => {
        refused += 1;
      },
    );
  }
  await ended;
  await vi.waitFor(() => expect(acknowledged.length + refused).toBe(500), { timeout: 20_000 });
  await pubsub.close();

  const server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => '' });
  const stored = server.broker.subscriber('projects/kumiko-local/subscriptions/audit').take(1000);
  const ids = stored.map(({ message }) => String(message.messageId));
  await server.close();
  rmSync(stateDir, { recursive: true });
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  expect(ids).toEqual(expect.arrayContaining(acknowledged));
  expect(new Set(ids).size).toBe(ids.length);
});
