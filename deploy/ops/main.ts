/** `npm run -s ops -- COMMAND …`: every method for operators as a command, made of the protos. */
import { parseArgs } from 'node:util';
import { createFileRegistry } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { ClientError } from '../../services/platform/contracts/client-error.ts';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { devToken } from '../local/platform/dev-token.ts';
import { runningEndpoints } from '../local/platform/endpoints.ts';
import { operatorEmail } from '../local/platform/place.ts';
import { defaultStateDir } from '../local/platform/state-dir.ts';
import { callOperatorMethod } from './call-operator-method.ts';
import { type OperatorCommand, operatorCommands } from './operator-commands.ts';
import { readRequest } from './read-request.ts';

const commands = operatorCommands();

const usage = `usage: npm run -s ops -- COMMAND [NAME] [--option value …] [--url URL --token TOKEN | --state-dir DIR]

  what operators do, through the edge gateway: of the platform that runs here with a token of its own, or of the one at --url
  --url https://api.example.com   the edge gateway of another environment
  --token TOKEN                   an operator's ID token for it: see docs/guides/operations.md
  --state-dir DIR                 where the state of the platform that runs here lives, .kumiko unless told

  A list is printed whole, an item a line. Asterisks stand for what is to be given of a name: list-partner-keys acme.

${commands.map(line).join('\n')}`;

/** It cannot be done; its message says why. */
class OperationError extends Error {}

await runCommand({ usage, isMistake: (error) => error instanceof OperationError }, async () => {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || name.startsWith('-')) {
    parse(process.argv.slice(2), []);
    throw new UsageError('a command is missing');
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw new UsageError(`there is no command "${name}"`);
  const { values, positionals } = parse(args, command.options);
  const registry = createFileRegistry(readDescriptorSet());
  const request = readRequest(command, { positionals, values }, registry);
  const edge = await edgeOf(values);
  try {
    for await (const { kind, json } of callOperatorMethod(edge, command.method, request, registry)) {
      process.stdout.write(`${JSON.stringify(json, undefined, kind === 'answer' ? 2 : undefined)}\n`);
    }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const faults = error.fieldViolations.map(({ field, description }) => `\n  ${field} ${description}`).join('');
    throw new OperationError(`${status[error.code]}: ${error.message}${faults}`);
  }
});

function line({ name, names, options }: OperatorCommand): string {
  const taken = [...names.map(({ pattern }) => pattern), ...options.map((option) => `[--${option.name} ${option.takes}]`)];
  return `  ${[name, ...taken].join(' ')}`;
}

function parse(args: readonly string[], options: OperatorCommand['options']) {
  const own = { url: { type: 'string' }, token: { type: 'string' }, 'state-dir': { type: 'string' } } as const;
  const fields = Object.fromEntries(options.map(({ name }) => [name, { type: 'string' } as const]));
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { ...fields, ...own } });
  return { values: values as Readonly<Record<string, string | undefined>>, positionals };
}

/** @throws {UsageError} for half of an address; {OperationError} where nothing runs here. */
async function edgeOf({ url, token, 'state-dir': stateDir = defaultStateDir }: Readonly<Record<string, string | undefined>>) {
  if (url !== undefined && !URL.canParse(url)) throw new UsageError(`--url ${url} is no URL, such as https://api.example.com`);
  if (url !== undefined && token !== undefined) return { url, token };
  if (url !== undefined || token !== undefined) throw new UsageError('--url and --token belong together');
  const endpoints = runningEndpoints(stateDir);
  if (endpoints === undefined) {
    throw new OperationError(`no platform runs on ${stateDir}: start it with "npm start", or name another with --url and --token`);
  }
  return { url: endpoints.edge, token: await devToken(endpoints, 'operator', operatorEmail) };
}
