import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { remembered } from './remembered.ts';

const root = resolve(import.meta.dirname, '../..');

/** What we use of CycloneDX as npm writes it (https://cyclonedx.org/docs/1.5/json/). A component's reference is "name@version". */
interface Inventory {
  readonly $schema: string;
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly tools: unknown };
  readonly components: readonly { readonly 'bom-ref': string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

let inventory: Promise<Inventory> | undefined;

/**
 * The bill of materials of an image in CycloneDX: Node, and the packages of which a file is in the bundle, each with licence and hash as the lockfile and npm
 * know them. What was installed and is not in the image is not in it. It has no time and no serial number, so that the same image has the same one.
 *
 * @param inputs the files that the bundle is made of, from the root of the project; npm is asked while the bundler is at it.
 */
export async function billOfMaterials(image: string, inputs: readonly string[] | Promise<readonly string[]>): Promise<string> {
  inventory ??= installed();
  const [{ $schema, bomFormat, specVersion, metadata, components, dependencies }, files] = await Promise.all([inventory, inputs]);
  const bundled = packagesIn(files);
  const held = new Set([...bundled, packageIn('node_modules/node')]);
  const kept = components.filter((component) => held.has(component['bom-ref']));
  const missing = [...held].filter((name) => !kept.some((component) => component['bom-ref'] === name));
  if (missing.length > 0)
    throw new Error(`the image of ${image} has ${missing.join(', ')}, which npm sbom does not name: npm ci brings both together`);
  const bill = {
    $schema,
    bomFormat,
    specVersion,
    version: 1,
    metadata: { tools: metadata.tools, component: { 'bom-ref': image, type: 'container', name: image } },
    components: kept,
    dependencies: [
      { ref: image, dependsOn: [...held].toSorted() },
      ...dependencies
        .filter(({ ref }) => held.has(ref))
        .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((name) => held.has(name)) })),
    ],
  };
  return `${JSON.stringify(bill, null, 1)}\n`;
}

async function installed(): Promise<Inventory> {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const npm = async (...asked: readonly string[]) =>
    (await promisify(execFile)('npm', asked, { cwd: root, maxBuffer: 64 * 1_024 * 1_024 })).stdout;
  const lockfiles = ['package.json', 'package-lock.json'].map((file) => readFileSync(resolve(root, file), 'utf8'));
  return JSON.parse(await remembered('inventory', [await npm('--version'), ...args, ...lockfiles], () => npm(...args))) as Inventory;
}

/** The packages that files belong to, as "name@version". */
function packagesIn(inputs: readonly string[]): Set<string> {
  const folders = new Set(inputs.flatMap((input) => /^(?:.*?:)?(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []));
  return new Set([...folders].map(packageIn));
}

function packageIn(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8')) as { name: string; version: string };
  return `${name}@${version}`;
}
