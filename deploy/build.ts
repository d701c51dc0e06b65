/** `npm run build`: everything that is built, each part only when its inputs changed. */
await import('./docker/build.ts');
await import('./local/packages/build.ts');
await import('./local/console/build.ts');
