import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuilderName, type ImageBuild, idOf } from './builder.ts';
import { basesOf, digestOf, entriesIn } from './content.ts';
import { runBuilder } from './run-builder.ts';
import { unlessMade } from './unless-made.ts';

/** Builds the image of the gateways where anything of it is another than the last time. Docker finds that out quickly itself. */
export async function buildGateway(builder: BuilderName, build: ImageBuild, logFolder: string): Promise<void> {
  const run = () => runBuilder(builder, build, join(logFolder, 'gateway.log'));
  if (builder === 'docker') return run();
  const text = readFileSync(build.dockerfile, 'utf8');
  const { tag, labels, epochSeconds } = build;
  const parts = [
    JSON.stringify([builder, tag, labels, epochSeconds]),
    text,
    ...(await basesOf(builder, text, build.args)),
    ...entriesIn(build.context, ['**']),
  ];
  await unlessMade({ idNow: () => idOf(builder, tag), inputs: digestOf(parts), file: join(logFolder, 'gateway.made') }, run);
}
