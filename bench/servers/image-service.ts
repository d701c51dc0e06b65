import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleService } from '../../deploy/docker/bundle-service.ts';
import { ImageProcess } from '../../deploy/docker/image-process.ts';
import { endWithRunner } from '../load/end-with-runner.ts';

/** A service as its image holds it: bundled, and started with the image's limits. */
export interface ImageService {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Bundles it and starts it on a free port. `environment` is all that it is told. Only the image's compile cache is missing: it makes starts faster. */
export async function startImageService(service: string, environment: Readonly<Record<string, string>>): Promise<ImageService> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const own = { ...environment, PORT: '0' };
  try {
    await bundleService(service, join(folder, 'app'));
    const process = new ImageProcess(folder, own);
    const stopped = endWithRunner(() => void process.stop('SIGKILL'));
    return {
      pid: process.pid,
      url: `http://127.0.0.1:${await process.listening()}`,
      stop: async () => {
        await process.stop();
        stopped();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
