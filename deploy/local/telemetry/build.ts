/** Builds OpenTelemetry's packages into one file in `gen/`. Does nothing when no input changed. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildIfChanged } from '../../../services/platform/tools/build-if-changed.ts';
import { bundledPackages, bundleFile } from './bundled-packages.ts';

const root = join(import.meta.dirname, '../../..');
const inputs = [
  import.meta.filename,
  join(import.meta.dirname, 'bundled-packages.ts'),
  ...['lazy-requires.ts', 'postponed-work.ts'].map((file) => join(root, 'deploy/docker/shrink', file)),
  join(root, 'package-lock.json'),
];

/** Others in a service have these too, and there is to be one copy of each. */
const shared = [
  '@grpc/grpc-js',
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/semantic-conventions',
];

await buildIfChanged({ name: "OpenTelemetry's packages in one file", inputs, output: dirname(bundleFile) }, async () => {
  // Loaded only when there is something to build: every start of the platform comes by here.
  const [{ build }, { postponedWork }] = await Promise.all([import('esbuild'), import('../../docker/shrink/postponed-work.ts')]);
  mkdirSync(dirname(bundleFile), { recursive: true });
  await build({
    stdin: { contents: (await Promise.all(bundledPackages.map(exportsOf))).join('\n'), resolveDir: root },
    outfile: bundleFile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    external: shared,
    banner: { js: "require('../use-bundle.ts').bundleIsFound();" },
    // Identifiers stay: stack traces in the log can be read without a source map.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    plugins: [postponedWork()],
    logLevel: 'warning',
  });
});

/** A line that exports by name what a package does, which for one in CommonJS esbuild cannot know. */
async function exportsOf(name: string): Promise<string> {
  const names = Object.keys((await import(name)) as object).filter(
    (exported) => !['default', 'module.exports', '__esModule'].includes(exported),
  );
  return `export { ${names.join(', ')} } from '${name}';`;
}
