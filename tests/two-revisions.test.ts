import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { databaseEnvironment } from '../deploy/local/platform/service-environment.ts';
import { type Platform, startPlatform } from '../deploy/local/platform/start-platform.ts';

// A deployment that changes the schema, as Cloud Run runs it: the migration first, then the new code beside the old, both on one schema, and back again.

const productPath = vi.hoisted(() => {
  const path = 'tests/another-product';
  // Before anything is imported that belongs to a product.
  process.env['KUMIKO_PRODUCT'] = `${import.meta.dirname}/../${path}`;
  return path;
});

const root = join(import.meta.dirname, '..');
const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-two-'));
/** The project with the next version of a service. */
const next = mkdtempSync(join(tmpdir(), 'kumiko-next-'));
const run = promisify(execFile);
let platform: Platform;
let token: string;

/** As a small environment has them: from nothing, and standing still between requests. */
const limits = {
  minInstances: 0,
  minFollowsTraffic: true,
  maxInstances: 3,
  concurrency: 80,
  timeoutMs: 60_000,
  cpuThrottling: true,
  idleMs: 60_000,
};

/** What the next version adds to each text that it shows, and to what it has written itself. */
const shownByNext = ' [next]';
const writtenByNext = ' (calm)';

/** Changes one place of a file of the next version. @throws where it is not there. */
function change(file: string, before: string, after: string): void {
  const path = join(next, productPath, 'services/notes', file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(before)) throw new Error(`${file} has no "${before}"`);
  writeFileSync(path, text.replace(before, after));
}

/** A column that the old code neither writes nor reads. */
function makeNext(): void {
  const parts = ['proto', 'services', 'gateway', 'deploy', 'wasm-filters', productPath];
  for (const name of [...parts, 'package.json', 'package-lock.json', 'buf.yaml', 'buf.gen.yaml', 'tsconfig.json']) {
    cpSync(join(root, name), join(next, name), { recursive: true, filter: (path) => !/node_modules|\.kumiko/.test(path) });
  }
  symlinkSync(join(root, 'node_modules'), join(next, 'node_modules'));
  writeFileSync(
    join(next, productPath, 'services/notes/migrations/002-mood.sql'),
    "ALTER TABLE notes.notes ADD COLUMN IF NOT EXISTS mood text NOT NULL DEFAULT '';\n",
  );
  change('store.ts', "body: text('body'),", "body: text('body'), mood: text('mood'),");
  change('composition.ts', 'const note = { id,', `const note = { mood: '${writtenByNext}', id,`);
  change('composition.ts', 'function messageOf({ id, body,', 'function messageOf({ id, body, mood,');
  change('composition.ts', 'readonly body: string;', 'readonly body: string; readonly mood: string;');
  change('composition.ts', 'text: body,', `text: body + mood + '${shownByNext}',`);
}

async function rest(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${platform.endpoints.edge}${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${answer}`);
  return JSON.parse(answer) as Record<string, unknown>;
}

/** Which code has shown a note, and whether it was written by the next. */
function readingOf(text: unknown): string {
  const shown = String(text);
  const reader = shown.endsWith(shownByNext) ? 'next' : 'old';
  return reader === 'old' ? 'old' : shown.includes(writtenByNext) ? 'next of next' : 'next of old';
}

beforeAll(async () => {
  makeNext();
  platform = await startPlatform({ portBase: 0, stateDir, limits: { notes: limits, digest: limits } });
  token = await devToken(platform.endpoints, 'customer', 'alice');
}, 240_000);

afterAll(async () => {
  await platform?.stop();
  for (const folder of [stateDir, next]) rmSync(folder, { recursive: true, force: true });
});

it('old and new code work on one schema while traffic moves between them: no request fails, each reads the other, nothing is lost', {
  timeout: 240_000,
}, async () => {
  const written = new Map<string, 'old' | 'next'>();
  const readings = new Map<string, number>();
  let over = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      const note = await rest('POST', '/v1/notes', { text: 'tea' });
      const name = String(note['name']);
      const writer = readingOf(note['text']) === 'old' ? 'old' : 'next';
      written.set(name, writer);
      const reading = readingOf((await rest('GET', `/v1/${name}`))['text']);
      const what = `${writer} read by ${reading.startsWith('next') ? 'next' : 'old'}`;
      readings.set(what, (readings.get(what) ?? 0) + 1);
      // The new code knows which of both has written it.
      if (reading.startsWith('next')) expect(reading).toBe(`next of ${writer}`);
    }
  });
  const failed = Promise.all(load);
  failed.catch(() => {});
  /** Waits for so many more notes, or for the first request that fails. */
  const more = async (count: number) => {
    const until = written.size + count;
    await Promise.race([failed, expect.poll(() => written.size, { timeout: 60_000, interval: 20 }).toBeGreaterThan(until)]);
  };
  const share = (percent: number) => platform.previews.give({ service: 'notes', tag: 'next', percent });
  try {
    await more(10);
    // The old code runs on the new schema from here on.
    await run(process.execPath, [join(next, 'services/platform/cloud/spanner/migrate-main.ts')], {
      env: {
        ...process.env,
        KUMIKO_PRODUCT: join(next, productPath),
        ...databaseEnvironment(platform.ports),
        METADATA_SERVER_DETECTION: 'none',
      },
    });
    await more(10);
    await platform.previews.start({ service: 'notes', tag: 'next' }, next);
    await share(50);
    await more(120);
    await share(100);
    await more(20);
    // And back, with what the new code has written.
    await share(0);
    await more(20);
  } finally {
    over = true;
  }
  await failed;
  expect([...readings.keys()].toSorted()).toEqual(['next read by next', 'next read by old', 'old read by next', 'old read by old']);
  const listed = new Set<string>();
  let pageToken = '';
  do {
    const page = (await rest('GET', `/v1/notes?pageSize=100&pageToken=${encodeURIComponent(pageToken)}`)) as {
      notes?: { name: string }[];
      nextPageToken?: string;
    };
    for (const { name } of page.notes ?? []) listed.add(name);
    pageToken = page.nextPageToken ?? '';
  } while (pageToken !== '');
  expect([...written.keys()].filter((name) => !listed.has(name))).toEqual([]);
  // Each note was told of once, by whichever code has written it, and measured by whichever was asked.
  const letters = 'Dear reader, tea'.length;
  await expect
    .poll(() => rest('GET', '/v1/digest'), { timeout: 60_000, interval: 200 })
    .toEqual({ notes: written.size, letters: written.size * letters });
});
