/**
 * Loaded by vitest before each test file that shares its process with others: what outlives a file and is seen by the next one is given back as it was found.
 * Modules stay loaded, and so does what they hold: a test that needs them fresh is not for a process that is shared.
 */
import { context, metrics, trace } from '@opentelemetry/api';
import { afterAll, vi } from 'vitest';

// Before the file itself is loaded, which may set variables already.
const variables = { ...process.env };
const folder = process.cwd();

// Vitest runs it after the file's own.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
  process.chdir(folder);
  trace.disable();
  context.disable();
  metrics.disable();
  globalThis.kumikoBusinessTimeAheadMs = undefined;
});
