import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stages } from './build-stages.ts';
import { type BuilderName, type ImageBuild, idOf } from './builder.ts';
import { runBuilder } from './run-builder.ts';
import { unlessMade } from './unless-made.ts';

/**
 * Builds the image of a service or of the control plane on the stages. podman and buildah build what is in it only where it is another one than the last time, and
 * put the labels on that, which are others in each commit, in one step: each step of a Dockerfile takes them a while, found or made.
 */
export async function buildService(
  builder: BuilderName,
  image: string,
  build: ImageBuild,
  stages: Stages,
  logFolder: string,
): Promise<void> {
  const log = join(logFolder, `${image}.log`);
  const inputs = stages.contentOf(image);
  if (inputs === undefined) {
    await runBuilder(builder, build, log);
    return;
  }
  const tag = `localhost/kumiko-base/${image}:${stages.tag}`;
  const content = { idNow: () => idOf(builder, tag), inputs, file: join(logFolder, `${image}.made`) };
  const labelled = { idNow: () => idOf(builder, build.tag), inputs: JSON.stringify([inputs, tag, build.tag, build.labels]) };
  await unlessMade({ ...labelled, file: join(logFolder, `${image}-labels.made`) }, async () => {
    await unlessMade(content, () => runBuilder(builder, { ...build, tag, labels: {} }, log));
    await putLabels(builder, { ...build, args: {}, contexts: {} }, tag, join(logFolder, `${image}-labels.log`));
  });
}

/** Makes an image of another one, with labels. */
async function putLabels(builder: BuilderName, build: ImageBuild, from: string, log: string): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'kumiko-labels-'));
  try {
    const dockerfile = join(context, 'Dockerfile');
    const labels = Object.entries(build.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    writeFileSync(dockerfile, `FROM ${from}\nLABEL ${labels.join(' ')}\n`);
    await runBuilder(builder, { ...build, dockerfile, labels: {}, context }, log);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
