/**
 * `node deploy/docker/compose/render.ts DIR`: writes DIR/compose.yaml, the gateways' tree and the state folder, all of this machine: then
 * `docker compose -f DIR/compose.yaml up --build`.
 */
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { renderBootstrap } from '../../../gateway/bootstrap/render-bootstrap.ts';
import { localGatewayEnvironment } from '../../local/platform/local-gateway-environment.ts';
import { loadSecrets } from '../../local/platform/secrets.ts';
import { assembleGateway } from '../assemble-gateway.ts';
import { composeFile, composePorts, stateInContainers } from './compose-file.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node deploy/docker/compose/render.ts DIR\n');
  process.exit(2);
}
const out = resolve(folder);
const stateDir = join(out, 'state');
const bootstraps = join(out, 'bootstraps');
const gatewayTree = join(out, 'gateway');
// What an earlier one had, and this one has not, would be in the image.
rmSync(gatewayTree, { recursive: true, force: true });
for (const path of [join(stateDir, 'cloud'), bootstraps]) mkdirSync(path, { recursive: true });

// Whoever renders owns the state; root gives it to the user of the images.
const rendersAsRoot = process.getuid?.() === 0;
const [uid, gid] = rendersAsRoot ? [65_532, 65_532] : [process.getuid?.() ?? 65_532, process.getgid?.() ?? 65_532];
if (rendersAsRoot) for (const path of [stateDir, join(stateDir, 'cloud')]) chownSync(path, uid, gid);

for (const role of ['edge', 'jobs'] as const) {
  // Previews come with npm start: nothing here would tell of any.
  const { documents, previews: _, ...local } = localGatewayEnvironment(composePorts, role);
  const environment = {
    ...local,
    // The entrypoint puts PORT there; published ports come from outside of the namespace.
    listener: { host: '0.0.0.0', port: 8080 },
    descriptorFile: '/etc/kumiko/descriptor.binpb',
    wasmDir: '/etc/kumiko/wasm',
    ...(documents && { documents: { ...documents, folder: '/etc/kumiko/openapi' } }),
  };
  writeFileSync(join(bootstraps, `${role}.yaml`), renderBootstrap({ role, environment }));
}
assembleGateway(bootstraps, gatewayTree);
const secrets = { ...loadSecrets(stateDir), partnerKeyFile: `${stateInContainers}/cloud/issuer/partner.jwk.json` };
const root = join(import.meta.dirname, '../../..');
const compose = composeFile({ secrets, stateDir, root, gatewayTree, user: `${uid}:${gid}` });
// It holds the secrets of the local outside world.
writeFileSync(join(out, 'compose.yaml'), stringify(compose, { aliasDuplicateObjects: false, lineWidth: 0 }), { mode: 0o600 });
process.stdout.write(`docker compose -f ${join(out, 'compose.yaml')} up --build\n`);
