import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PubSub } from '@google-cloud/pubsub';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../../shared/local-server.ts';
import { startPubsub } from './start-pubsub.ts';

vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

const program = `
  import { startPubsub } from ${JSON.stringify(join(import.meta.dirname, 'start-pubsub.ts'))};
  import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../shared/local-server.ts'))};
  const server = await startPubsub({ port: 0, stateDir: process.argv[1], clock: systemClock, mintIdToken: async () => '' });
  console.log(server.port);
`;

it('keeps every acknowledged message when its process is killed right after the acknowledgement', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-pubsub-crash-'));
  const acknowledged: string[] = [];
  for (let round = 0; round < 3; round += 1) acknowledged.push(...(await publishUntilKilled(stateDir)));

  const server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => '' });
  const stored = server.broker.subscriber('projects/kumiko-local/subscriptions/audit').take(1000);
  const ids = stored.map(({ message }) => String(message.messageId));
  await server.close();
  rmSync(stateDir, { recursive: true });
  expect(acknowledged.length).toBeGreaterThanOrEqual(3);
  expect(ids).toEqual(expect.arrayContaining(acknowledged));
  expect(new Set(ids).size).toBe(ids.length);
});

/** Publishes 100 messages to a server of its own, kills it at the first acknowledgement and gives the ids that were acknowledged. */
async function publishUntilKilled(stateDir: string): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [port] = await once(createInterface(child.stdout), 'line');
  const pubsub = new PubSub({ projectId: 'kumiko-local', apiEndpoint: `127.0.0.1:${port}`, emulatorMode: true });
  const [created] = await pubsub.topic('events').get({ autoCreate: true });
  await created.subscription('audit').get({ autoCreate: true });
  const topic = pubsub.topic('events', { batching: { maxMessages: 1 }, gaxOpts: { retry: null } });
  const published = Array.from({ length: 100 }, async (_, index) => {
    const messageId = await topic.publishMessage({ data: Buffer.from(String(index)) });
    child.kill('SIGKILL');
    return messageId;
  });
  const outcomes = await Promise.allSettled(published);
  await ended;
  await pubsub.close();
  return outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
}
