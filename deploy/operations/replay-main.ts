/** Sends dead letters again: `npx node deploy/operations/replay-main.ts order-events --limit 1`. Whose project: GOOGLE_CLOUD_PROJECT. */
import { parseArgs } from 'node:util';
import { eventTopics } from '../../services/contracts/topics.ts';
import { replayDeadLetters } from './replay-dead-letters.ts';

const topics = eventTopics();
const { values, positionals } = parseArgs({ options: { limit: { type: 'string', default: '100' } }, allowPositionals: true });
const [topic = ''] = positionals;
const limit = Number(values.limit);
const projectId = process.env.GOOGLE_CLOUD_PROJECT;
const faults = [
  ...(topics.includes(topic) ? [] : [`topic "${topic}": expected one of ${topics.join(', ')}`]),
  ...(Number.isInteger(limit) && limit > 0 ? [] : [`--limit ${values.limit}: expected a number such as 100`]),
  ...(projectId === undefined ? ['GOOGLE_CLOUD_PROJECT is missing: expected the id of a project'] : []),
];
if (projectId === undefined || faults.length > 0) {
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
  process.exitCode = 2;
} else {
  const { PubSub } = await import('@google-cloud/pubsub');
  const pubsub = new PubSub({ projectId });
  const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const replayed = await replayDeadLetters({ pubsub, topic, limit, idleMs: 5_000, onReplayed: say });
  say({ message: 'replayed', topic, events: replayed });
  await pubsub.close();
}
