import { httpUrl } from '../../../../services/platform/chassis/process/config.ts';
import { everywhere, type Manifest } from '../../../../services/platform/chassis/process/manifest.ts';

/** What the digest service needs. */
export const manifest = {
  variables: { NOTES_URL: { type: httpUrl, ...everywhere(({ urlOf }) => urlOf('notes')) } },
} satisfies Manifest;
