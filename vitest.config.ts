import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{services,gateway,wasm-filters,deploy,tests,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/gen/**', 'deploy/infra/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
