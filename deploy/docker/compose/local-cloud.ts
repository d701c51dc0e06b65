/** The local cloud as a container: options in KUMIKO_LOCAL_CLOUD (JSON), Google's Pub/Sub emulator in PUBSUB_EMULATOR_HOST. Calls the gateways once they listen. */
import { eventTopics } from '../../../services/platform/contracts/services.ts';
import { untilListening } from '../../../services/platform/tools/listening-port.ts';
import { fixedHost } from '../../local/cloud/instances/fixed-host.ts';
import { type CloudOptions, startCloud } from '../../local/cloud/start-cloud.ts';
import { project } from '../../local/platform/place.ts';
import { containerPort } from '../../local/platform/ports.ts';
import { systemClock } from '../../local/shared/local-server.ts';
import { bridgePubsub } from './pubsub-bridge.ts';

// All state is committed before it is acknowledged: there is nothing to wait for.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

const options = JSON.parse(process.env['KUMIKO_LOCAL_CLOUD'] ?? '{}') as CloudOptions;
const emulator = process.env['PUBSUB_EMULATOR_HOST'];
if (emulator === undefined) throw new Error('PUBSUB_EMULATOR_HOST is missing: host:port of the emulator');
// Each service is a container of its own.
const host = fixedHost((service) => containerPort(options.ports, service));
const cloud = await startCloud(options, systemClock, host);
await Promise.all(
  [options.ports.edge, options.ports.jobs, Number(emulator.split(':')[1])].map((port) => untilListening(port, { intervalMs: 200 })),
);
// The client would take it for the address of both.
delete process.env['PUBSUB_EMULATOR_HOST'];
await bridgePubsub({ project, topics: eventTopics, from: emulator, to: `127.0.0.1:${options.ports.pubsub}` });
cloud.release();
process.stdout.write(`${JSON.stringify({ message: 'listening' })}\n`);
