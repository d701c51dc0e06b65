import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorFile } from '../../services/platform/contracts/descriptor-file.ts';
import { documentsFolder } from '../../services/platform/contracts/documents-folder.ts';

const root = join(import.meta.dirname, '../..');
const roles = ['edge', 'jobs'] as const;

/** A bootstrap that would not start in the image. */
export class BootstrapError extends Error {
  override readonly name = 'BootstrapError';
}

/**
 * Makes what the gateway image adds to Envoy's: the bootstraps of both roles, what they read, and the entrypoint.
 *
 * @param bootstraps the folder with the rendered edge.yaml and jobs.yaml.
 * @throws {BootstrapError} where one is missing, or the image would not have what it names.
 */
export function assembleGateway(bootstraps: string, tree: string): void {
  const files = join(tree, 'etc/kumiko');
  mkdirSync(files, { recursive: true });
  cpSync(descriptorFile, join(files, 'descriptor.binpb'));
  for (const name of readdirSync(documentsFolder))
    if (!name.startsWith('.')) cpSync(join(documentsFolder, name), join(files, 'openapi', name));
  const filters = join(root, 'wasm-filters/build');
  for (const name of readdirSync(filters)) if (name.endsWith('.wasm')) cpSync(join(filters, name), join(files, 'wasm', name));
  for (const role of roles) {
    const source = join(bootstraps, `${role}.yaml`);
    if (!existsSync(source)) throw new BootstrapError(`${source} is missing: npm run render writes it`);
    check(source, tree);
    cpSync(source, join(files, `${role}.yaml`));
  }
  const entrypoint = join(tree, 'usr/local/bin/gateway-entrypoint');
  cpSync(join(import.meta.dirname, 'gateway-entrypoint.sh'), entrypoint);
  setModes(tree, entrypoint);
}

/** The same wherever it is made, whatever a checkout or its user's mask allows to others: the image's own user reads it. */
function setModes(tree: string, program: string): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || path === program ? 0o755 : 0o644);
  }
}

function check(source: string, tree: string): void {
  const bootstrap = readFileSync(source, 'utf8');
  const ports = bootstrap.match(/port_value: 8080$/gm)?.length ?? 0;
  if (ports !== 1) {
    throw new BootstrapError(
      `${source} names port 8080 ${ports} times: the entrypoint replaces it by PORT, so the listener alone must have it`,
    );
  }
  const read = [...bootstrap.matchAll(/\b(?:filename|proto_descriptor): "?([^"\s]+)/g)].map((match) => match[1]!);
  // The certificates are Envoy's image's own.
  const missing = read.filter(
    (file) => !file.startsWith('/etc/ssl/') && !(file.startsWith('/etc/kumiko/') && existsSync(join(tree, file))),
  );
  if (missing.length > 0) throw new BootstrapError(`${source} reads ${missing[0]}, which the image does not have`);
}
