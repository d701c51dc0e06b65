import { spawnSync } from 'node:child_process';
import type { Fault } from './fault.ts';

/**
 * Warnings that say nothing against a file. Nothing is fetched where nothing runs. Envoy's filter for Connect is "work in progress" in its API: what it
 * may do wrong is a matter of the calls that come by that protocol, and no other filter of Envoy's speaks it.
 */
const accepted = [
  /\/jwks_(async_)?fetcher\.cc/,
  /envoy\.extensions\.filters\.http\.connect_grpc_bridge\.v3\.FilterConfig' .* work-in-progress/,
];

/** What `envoy --mode validate` says of a file: why it refuses it, or what it warns of, such as deprecated fields. */
export function validateWithEnvoy(envoy: string, file: string): Fault[] {
  const { status, stderr, error } = spawnSync(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'warning'], { encoding: 'utf8' });
  if (error !== undefined) return [{ path: '', message: `${envoy} does not run: ${error.message}` }];
  if (status !== 0) return [{ path: '', message: `Envoy refuses it: ${stderr.trim()}` }];
  const warnings = stderr.split('\n').filter((line) => /\]\[(warning|error|critical)\]\[/.test(line));
  return warnings
    .filter((line) => !accepted.some((pattern) => pattern.test(line)))
    .map((line) => ({ path: '', message: `Envoy warns: ${line.replace(/^(\[[^\]]*\])+ /, '')}` }));
}
