/** The local cloud as a process. Its options come in KUMIKO_LOCAL_CLOUD (JSON); the message "release" lets it call the gateways. */
import { type CloudOptions, startCloud } from './start-cloud.ts';

const starting = startCloud(JSON.parse(process.env.KUMIKO_LOCAL_CLOUD ?? '{}') as CloudOptions);

process.on('message', async (message) => {
  if (message === 'release') (await starting).release();
});
process.channel?.unref();
// All state is committed before it is acknowledged: there is nothing to wait for.
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
await starting;
process.stdout.write(`${JSON.stringify({ message: 'listening' })}\n`);
