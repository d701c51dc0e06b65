/** Stands in for an Envoy in tests of the launcher: the same command line and admin interface, the embedded data plane inside. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readBootstrapFile } from '../../../dataplane/config/bootstrap-config.ts';
import { startDataPlane } from '../../../dataplane/start-data-plane.ts';

const { values } = parseArgs({
  options: {
    config: { type: 'string', short: 'c' },
    'admin-address-path': { type: 'string' },
    concurrency: { type: 'string' },
    'use-dynamic-base-id': { type: 'boolean' },
    'log-level': { type: 'string' },
  },
});
const plane = await startDataPlane(readBootstrapFile(values.config!), { accessLog: () => {} });
writeFileSync(values['admin-address-path']!, `127.0.0.1:${plane.ports.admin}`);
process.on('SIGTERM', () => void plane.close().then(() => process.exit(0)));
