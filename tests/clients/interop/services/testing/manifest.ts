import type { Manifest } from '../../../../../services/platform/chassis/process/manifest.ts';

/** The service of the interoperability tests needs nothing. */
export const manifest = { variables: {} } satisfies Manifest;
