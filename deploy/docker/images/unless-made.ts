import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** An image of this machine's builder, and how it was made. */
interface MadeImage {
  /** The image that has its name now; undefined where there is none. */
  idNow(): Promise<string | undefined>;
  /** What tells what it would be made of from what any other is made of. */
  readonly inputs: string;
  /** What is known of the last time is kept there. */
  readonly file: string;
}

/** Makes an image, but where the one that was made of the same the last time is still there: the builder would find it too, but look for each step. */
export async function unlessMade({ idNow, inputs, file }: MadeImage, make: () => Promise<void>): Promise<void> {
  if (existsSync(file)) {
    // What is not as it was written says nothing, as if it were not there.
    const [, id, before] = /^([^\n]+)\n([\s\S]*)$/.exec(readFileSync(file, 'utf8')) ?? [];
    // Each question takes a builder a tenth of a second.
    if (before === inputs && id === (await idNow())) return;
  }
  rmSync(file, { force: true });
  await make();
  const id = await idNow();
  if (id !== undefined) writeFileSync(file, `${id}\n${inputs}`);
}
