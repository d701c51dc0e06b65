/** The gateway's command line. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorCode } from '../services/platform/contracts/error-code.ts';
import { runCommand, UsageError } from '../services/platform/tools/command-line.ts';
import { GatewayEnvironmentError, readGatewayEnvironment } from './bootstrap/gateway-environment.ts';
import { MethodError, type Role } from './bootstrap/gateway-methods.ts';
import type { Fault } from './bootstrap/validation/fault.ts';
import { EnvoyError } from './envoy/envoy-error.ts';
import { requireEnvoy } from './envoy/find-envoy.ts';

const usage = `usage:
  gateway render --role edge|jobs --environment FILE   prints the Envoy bootstrap of one gateway
  gateway render --golden                              writes gateway/bootstrap/golden anew
  gateway validate [--no-files] FILE...                checks bootstraps; --no-files for those of another machine
  gateway validate --golden                            puts the bootstraps of every example environment to Envoy
  gateway run FILE                                     serves a bootstrap by Envoy`;

const commands: Readonly<Record<string, (args: string[]) => Promise<void> | void>> = { render, validate, run };

await runCommand({ usage, isMistake }, async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'no command' : `unknown command "${name}"`);
  await command(args);
});

async function render(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { golden: { type: 'boolean' }, role: { type: 'string' }, environment: { type: 'string' } },
  });
  if (values.golden === true) return (await import('./bootstrap/golden.ts')).writeGoldenFiles();
  if (!isRole(values.role)) throw new UsageError('--role must be edge or jobs');
  if (values.environment === undefined) throw new UsageError('--environment names no file');
  const { renderBootstrap } = await import('./bootstrap/render-bootstrap.ts');
  process.stdout.write(renderBootstrap({ role: values.role, environment: readGatewayEnvironment(values.environment) }));
}

async function validate(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { 'no-files': { type: 'boolean' }, golden: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.golden === true) return await validateGolden();
  if (positionals.length === 0) throw new UsageError('no file to validate');
  // Loaded here only: the official API comes from a development dependency.
  const { validateBootstrap } = await import('./bootstrap/validation/validate-bootstrap.ts');
  const { validateWithEnvoy } = await import('./bootstrap/validation/envoy-binary.ts');
  // Envoy opens the files that a bootstrap names.
  const files = values['no-files'] === true ? 'unchecked' : 'checked';
  for (const file of positionals) {
    const faults = validateBootstrap(readFileSync(file, 'utf8'), { files });
    if (faults.length === 0 && files === 'checked') faults.push(...validateWithEnvoy(requireEnvoy(), file));
    report(file, faults, files === 'checked' ? 'valid' : 'valid, as far as can be told without its files and Envoy');
  }
}

async function validateGolden(): Promise<void> {
  const { validateGoldenFiles } = await import('./bootstrap/validation/validate-golden.ts');
  for (const [name, faults] of validateGoldenFiles(requireEnvoy())) report(name, faults, 'valid');
}

function report(file: string, faults: readonly Fault[], verdict: string): void {
  for (const { path, message } of faults) process.stderr.write(`${file}: ${path === '' ? '' : `${path}: `}${message}\n`);
  if (faults.length > 0) process.exitCode = 1;
  else process.stdout.write(`${file}: ${verdict}\n`);
}

async function run(args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new UsageError('run takes one file');
  const { runEnvoy } = await import('./envoy/run-envoy.ts');
  await runEnvoy(file);
}

function isRole(value: string | undefined): value is Role {
  return value === 'edge' || value === 'jobs';
}

/** Mistakes of the person who calls: told without a stack trace. */
function isMistake(error: unknown): boolean {
  const known = error instanceof GatewayEnvironmentError || error instanceof MethodError || error instanceof EnvoyError;
  return known || errorCode(error) === 'ENOENT';
}
