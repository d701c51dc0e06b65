import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests of the platform that look at the schemas and migrations of the product in this repository. */
const ofProduct = ['catalogue', 'history', 'migrate', 'migrate-main', 'tables/migrated'].map(
  (name) => `services/platform/cloud/spanner/${name}.test.ts`,
);
const never = ['**/node_modules/**', '**/gen/**', 'deploy/infra/**'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'repository',
          include: ['{gateway,wasm-filters,deploy,tests,bench}/**/*.test.ts', 'services/!(platform)/**/*.test.ts', ...ofProduct],
          exclude: never,
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
