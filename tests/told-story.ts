import { expect } from 'vitest';
import { Narrator } from '../deploy/local/demo/narrator.ts';
import { tellStory } from '../deploy/local/demo/story.ts';
import type { Platform } from '../deploy/local/platform/start-platform.ts';

/** Tells the demo's story on a platform: each step of it comes out as it should. */
export async function toldStory({ endpoints, secrets }: Platform): Promise<void> {
  const narrator = new Narrator(() => {});
  await tellStory(narrator, { endpoints, secrets });
  expect(narrator.steps.filter(({ ok }) => !ok)).toEqual([]);
}
