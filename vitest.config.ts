import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { compileCache } from './deploy/local/platform/compile-cache.ts';

// Of the workers, and of the commands that tests start: what one process has compiled, the next one reads.
process.env['NODE_COMPILE_CACHE'] ??= compileCache;

/** Whole platforms, images, Envoy with all that it has to do, and what takes as long beside the code: random walks, the largest sizes, processes that are killed. */
const wholes = [
  ...['tests', 'gateway/conformance', 'deploy/docker', 'deploy/otel'].map((folder) => `${folder}/**/*.test.ts`),
  'gateway/control-plane/{fuzz,whole-story}.test.ts',
  'wasm-filters/**/{fuzz,memory}.test.ts',
  'deploy/local/cloud/spanner/{limits,main}.test.ts',
];

/** What stands beside those and takes a moment: rules about the tree, and parts of the build of images. */
const rules = [
  'tests/{aip,architecture,emulators,errors-document,sdk-interceptors,state-machines}.test.ts',
  'tests/drills/*.test.ts',
  'deploy/docker/images/*.test.ts',
  'deploy/docker/{client-protos,remembered,tree-cache}.test.ts',
  'deploy/docker/shrink/*.test.ts',
];

/** Long files come before the many that take a moment: so no worker is left alone with a long one at the end. */
class WholesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ project }: TestSpecification) => project.name === 'wholes';
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** Tests of the platform that look at the schemas and migrations of the product in this repository. */
const ofProduct = ['catalogue', 'history', 'migrate', 'migrate-main', 'tables/migrated'].map(
  (name) => `services/platform/cloud/spanner/${name}.test.ts`,
);
const never = ['**/node_modules/**', '**/gen/**', 'deploy/infra/**'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: WholesFirst },
    // Ends for what hangs, on a machine that has others to run: none is part of what a test says.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'wholes',
          include: wholes,
          exclude: [...never, ...rules],
        },
      },
      {
        extends: true,
        test: {
          name: 'rules',
          include: rules,
          exclude: never,
        },
      },
      {
        extends: true,
        test: {
          name: 'parts',
          // Loading everything anew for each of them would take longer than most of them take.
          isolate: false,
          setupFiles: ['services/platform/testing/as-found.ts'],
          include: ['{gateway,wasm-filters,deploy,bench}/**/*.test.ts', 'services/!(platform)/**/*.test.ts', ...ofProduct],
          exclude: [...never, ...wholes],
        },
      },
      {
        extends: true,
        test: {
          // The platform's other tests stand on a product of their own.
          name: 'platform',
          include: ['services/platform/**/*.test.ts'],
          exclude: [...never, ...ofProduct],
          env: { KUMIKO_PRODUCT: join(import.meta.dirname, 'services/platform/testing/fixture') },
        },
      },
    ],
  },
});
