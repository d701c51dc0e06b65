/** `npm run build`: everything that is built, each part only when its inputs changed. The filters and the template need no contracts. */
await import('../services/platform/contracts/build.ts');
await import('../wasm-filters/build.ts');
await import('./local/cloud/spanner/engine/build.ts');
await import('./local/platform/database/build.ts');
await import('./openapi/build.ts');
await import('./local/packages/build.ts');
await import('./local/console/build.ts');
