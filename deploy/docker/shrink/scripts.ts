import type { BuildOptions, TransformOptions } from 'esbuild';

const node = { platform: 'node', target: 'node26', logLevel: 'warning' } as const;

/** How code is bundled in chunks that what is loaded shares. Identifiers stay: stack traces in the log can be read without a source map. */
export const inChunks = {
  ...node,
  bundle: true,
  splitting: true,
  // Only modules can be split.
  format: 'esm',
  minifySyntax: true,
  legalComments: 'none',
  // Not "module": what is required as CommonJS would come as an ES module, of which each name is copied, OpenTelemetry's thousand too.
  conditions: [],
  write: false,
} as const satisfies BuildOptions;

/** How a chunk, which is a module, becomes a script: V8 can cache all of a script's functions, but of a module's few. */
export const asScript = { ...node, format: 'cjs', supported: { 'dynamic-import': false } } as const satisfies TransformOptions;
