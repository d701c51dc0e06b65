/** The gateway's command line. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EnvironmentError, readEnvironment } from './bootstrap/environment.ts';
import { MethodError, type Role } from './bootstrap/gateway-methods.ts';

const usage = `usage:
  gateway render --role edge|jobs --environment FILE   prints the Envoy bootstrap of one gateway
  gateway render --golden                              writes gateway/bootstrap/golden anew
  gateway validate [--no-files] FILE...                checks bootstraps; --no-files for those of another machine
  gateway run FILE                                     serves a bootstrap by the embedded data plane`;

/** A command line that means nothing. */
class UsageError extends Error {}

const commands: Readonly<Record<string, (args: string[]) => Promise<void> | void>> = { render, validate, run };

try {
  const [name = '', ...args] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'no command' : `unknown command "${name}"`);
  await command(args);
} catch (error) {
  const misused = error instanceof UsageError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
  if (!misused && !isMistake(error)) throw error;
  process.stderr.write(`${(error as Error).message}\n${misused ? `\n${usage}\n` : ''}`);
  process.exitCode = misused ? 2 : 1;
}

async function render(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { golden: { type: 'boolean' }, role: { type: 'string' }, environment: { type: 'string' } },
  });
  if (values.golden === true) return (await import('./bootstrap/golden.ts')).writeGoldenFiles();
  if (!isRole(values.role)) throw new UsageError('--role must be edge or jobs');
  if (values.environment === undefined) throw new UsageError('--environment names no file');
  const { renderBootstrap } = await import('./bootstrap/render-bootstrap.ts');
  process.stdout.write(renderBootstrap({ role: values.role, environment: readEnvironment(values.environment) }));
}

async function validate(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: { 'no-files': { type: 'boolean' } }, allowPositionals: true });
  if (positionals.length === 0) throw new UsageError('no file to validate');
  // Loaded here only: the official API comes from a development dependency.
  const { validateBootstrap } = await import('./bootstrap/validation/validate-bootstrap.ts');
  const { findEnvoy, validateWithEnvoy } = await import('./bootstrap/validation/envoy-binary.ts');
  const envoy = findEnvoy(process.env);
  for (const file of positionals) {
    const faults = validateBootstrap(readFileSync(file, 'utf8'), { files: values['no-files'] === true ? 'unchecked' : 'checked' });
    if (faults.length === 0 && envoy !== undefined) faults.push(...validateWithEnvoy(envoy, file));
    for (const { path, message } of faults) process.stderr.write(`${file}: ${path === '' ? '' : `${path}: `}${message}\n`);
    if (faults.length > 0) process.exitCode = 1;
    else process.stdout.write(`${file}: valid${envoy === undefined ? ' (no envoy at hand to ask as well)' : `, and for ${envoy} too`}\n`);
  }
}

async function run(args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new UsageError('run takes one file');
  const { runBootstrapFile } = await import('./dataplane/run.ts');
  await runBootstrapFile(file);
}

function isRole(value: string | undefined): value is Role {
  return value === 'edge' || value === 'jobs';
}

/** Mistakes of the person who calls: told without a stack trace. */
function isMistake(error: unknown): boolean {
  if (error instanceof EnvironmentError || error instanceof MethodError) return true;
  // The data plane is loaded by "run" only, and its error is known by name.
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'ConfigError' || code === 'ENOENT';
}
