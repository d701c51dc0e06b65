/** `npm run preview`: previews of a platform that runs. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { readControlToken } from './platform/control-token.ts';
import { type Endpoints, runningEndpoints } from './platform/endpoints.ts';
import type { PreviewStatus } from './platform/running-previews.ts';
import { defaultStateDir } from './platform/state-dir.ts';

const usage = `usage: npm run preview -- start SERVICE TAG [--from DIR-OR-REF] | stop SERVICE TAG | list  [--state-dir DIR]

  previews of the platform that runs: second instances of its services, for tokens that ask for them
  start partner pr-123     starts this folder's code beside the default of the service, and sets the tag
  --from DIR-OR-REF        the code of another folder of this project, or of a branch, tag or commit
  stop partner pr-123      takes the tag away, lets requests end, and ends it
  list                     what there is
  --state-dir DIR          where the platform's state lives, .kumiko unless told`;

/** The platform does not do it; its message says why. */
class PreviewCommandError extends Error {}

await runCommand({ usage, isMistake: (error) => error instanceof PreviewCommandError }, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: 'string' }, 'state-dir': { type: 'string', default: defaultStateDir } },
  });
  const [command, service, tag, ...rest] = positionals;
  const isTarget = service !== undefined && tag !== undefined && rest.length === 0;
  if (command !== 'start' && command !== 'stop' && command !== 'list') {
    throw new UsageError(command === undefined ? 'a command is missing' : `there is no command "${command}"`);
  }
  if (command === 'list' ? service !== undefined : !isTarget) {
    throw new UsageError(command === 'list' ? '"list" takes nothing behind it' : `"${command}" takes one SERVICE and one TAG`);
  }
  if (command !== 'start' && values.from !== undefined) throw new UsageError('--from belongs to "start"');
  const ask = controlOf(values['state-dir']);
  if (command === 'list') {
    const { previews } = await ask<{ previews: PreviewStatus[] }>('GET', '/previews');
    process.stdout.write(previews.length === 0 ? 'no preview runs\n' : previews.map(line).join(''));
  } else if (command === 'stop') {
    await ask('POST', '/previews:stop', { service, tag });
    process.stdout.write(`${service}=${tag} is stopped\n`);
  } else {
    const from = values.from === undefined ? undefined : codePlace(values.from);
    process.stdout.write(line(await ask<PreviewStatus>('POST', '/previews:start', { service, tag, ...(from !== undefined && { from }) })));
  }
});

function line({ service, tag, state, url, code, logFile }: PreviewStatus): string {
  return `${`${service}=${tag}`.padEnd(24)} ${state.padEnd(9)} ${url.padEnd(23)} ${code}  ${logFile}\n`;
}

/** A folder is named from where the command was typed, which npm leaves; anything else is for git. */
function codePlace(from: string): string {
  const folder = resolve(process.env['INIT_CWD'] ?? process.cwd(), from);
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : from;
}

/** How to ask the platform that runs on a state. @throws {PreviewCommandError} where none does. */
function controlOf(stateDir: string): <T>(method: 'GET' | 'POST', path: string, body?: object) => Promise<T> {
  const endpoints: Endpoints | undefined = runningEndpoints(stateDir);
  if (endpoints === undefined)
    throw new PreviewCommandError(`no platform runs on ${stateDir}: start it with "npm start", or name another state with --state-dir`);
  const token = readControlToken(stateDir);
  return async <T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> => {
    const response = await fetch(`${endpoints.control}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new PreviewCommandError(`the platform does not answer at ${endpoints.control}: ${String(error)}`);
    });
    const answer = (await response.json()) as T & { error?: { message: string } };
    if (!response.ok) throw new PreviewCommandError(answer.error?.message ?? `HTTP ${response.status}`);
    return answer;
  };
}
