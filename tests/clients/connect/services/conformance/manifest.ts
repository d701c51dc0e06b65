import type { Manifest } from '../../../../../services/platform/chassis/process/manifest.ts';

/** The conformance service needs nothing. */
export const manifest = { variables: {} } satisfies Manifest;
