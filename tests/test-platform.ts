import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { seedDemoData } from '../deploy/local/demo/seed.ts';
import { imagePrograms } from '../deploy/local/platform/image-trees.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../deploy/local/platform/start-platform.ts';

// They come up in half of the time that sources take, and are what runs in production; whatever starts the platform by its command runs the sources.
const programs = await imagePrograms();

/**
 * A platform of its own for a test file: free ports, an empty state, two seeded deals, services from what their images hold. Stopped and removed afterwards.
 */
export function usePlatform(options: Pick<PlatformOptions, 'previews' | 'traces' | 'console' | 'limits' | 'programs'> = {}): {
  readonly platform: Platform;
  readonly stateDir: string;
} {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  let platform: Platform | undefined;
  beforeAll(async () => {
    platform = await startPlatform({ programs, ...options, portBase: 0, stateDir });
    await seedDemoData(platform, stateDir);
  });
  afterAll(async () => {
    await platform?.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  return {
    stateDir,
    get platform() {
      if (platform === undefined) throw new Error('the platform is there inside of tests only');
      return platform;
    },
  };
}
