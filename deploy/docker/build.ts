/** Everything that images are made of, each part only when its inputs changed. The filters and the template need no contracts. */
await import('../../services/platform/contracts/build.ts');
await import('../../wasm-filters/build.ts');
await import('../local/cloud/spanner/engine/build.ts');
await import('../local/platform/database/build.ts');
await import('../openapi/build.ts');
