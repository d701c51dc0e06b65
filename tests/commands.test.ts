import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Commands of this project; the others are those of tools, or take none of our options. `envoy` hands every option on to Envoy. */
const notOurs = new Set(['build', 'postinstall', 'test', 'test:wholes', 'check', 'format', 'release:proto', 'envoy']);
/** What a script runs, without what it builds first. */
const programs = Object.entries(scripts).flatMap(([name, script]) => {
  const program = /(?:^|&& )node (\S+\.ts)$/.exec(script)?.[1];
  return notOurs.has(name) ? [] : [[name, program] as const];
});

function run(program: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe.each(programs)('npm run %s', (_, program) => {
  it('says with --help what it does and takes', async () => {
    const { code, stdout, stderr } = await run(program!, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^usage:/);
    expect(stdout.trim().split('\n').length).toBeGreaterThan(1);
  });

  it('names an option that it does not know, without a stack trace', async () => {
    const { code, stderr } = await run(program!, '--no-such-option');
    expect(code).toBe(2);
    expect(stderr).toContain('no-such-option');
    expect(stderr).toContain('usage:');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
