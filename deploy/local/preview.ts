/** `npm run preview`: previews of a platform that runs, and those that a pull request is to have. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { previewPlan } from '../cloud-run/preview-plan.ts';
import { readControlToken } from './platform/control-token.ts';
import { type Endpoints, runningEndpoints } from './platform/endpoints.ts';
import type { PreviewStatus } from './platform/running-previews.ts';
import { defaultStateDir } from './platform/state-dir.ts';

const usage = `usage: npm run preview -- start SERVICE TAG [--from DIR-OR-REF] | stop SERVICE TAG | traffic SERVICE TAG PERCENT | list
                          [--state-dir DIR]
       npm run preview -- plan --base REF

  previews of the platform that runs: second instances of its services, for tokens that ask for them
  start partner pr-123     starts this folder's code beside the default of the service, and sets the tag
  --from DIR-OR-REF        the code of another folder of this project, or of a branch, tag or commit
  stop partner pr-123      takes the tag away, lets requests end, and ends it
  traffic partner v2 10    gives it 10 percent of its service's requests, and the default the rest
  list                     what there is
  plan --base origin/main  the services that a pull request's previews are of; refused where its migrations do more than add
  --state-dir DIR          where the platform's state lives, .kumiko unless told`;

/** The platform does not do it; its message says why. */
class PreviewCommandError extends Error {}

await runCommand({ usage, isMistake: (error) => error instanceof PreviewCommandError }, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { from: { type: 'string' }, base: { type: 'string' }, 'state-dir': { type: 'string', default: defaultStateDir } },
  });
  const [command, service, tag, percent, ...rest] = positionals;
  const isTarget = service !== undefined && tag !== undefined && rest.length === 0 && (command === 'traffic') === (percent !== undefined);
  if (command === 'plan') {
    if (values.base === undefined) throw new UsageError('--base is missing: what the change is compared with, such as origin/main');
    process.stdout.write(`${plannedServices(values.base).join(' ')}\n`);
    return;
  }
  if (command !== 'start' && command !== 'stop' && command !== 'traffic' && command !== 'list') {
    throw new UsageError(command === undefined ? 'a command is missing' : `there is no command "${command}"`);
  }
  if (command === 'list' ? service !== undefined : !isTarget) {
    const takes = command === 'traffic' ? 'one SERVICE, one TAG and its PERCENT' : 'one SERVICE and one TAG';
    throw new UsageError(command === 'list' ? '"list" takes nothing behind it' : `"${command}" takes ${takes}`);
  }
  if (command === 'traffic' && !/^(\d{1,2}|100)$/.test(percent ?? '')) {
    throw new UsageError(`PERCENT is "${percent}": a number from 0 to 100`);
  }
  if (command !== 'start' && values.from !== undefined) throw new UsageError('--from belongs to "start"');
  const ask = controlOf(values['state-dir']);
  if (command === 'list') {
    const { previews } = await ask<{ previews: PreviewStatus[] }>('GET', '/previews');
    process.stdout.write(previews.length === 0 ? 'no preview runs\n' : previews.map(line).join(''));
  } else if (command === 'traffic') {
    await ask('POST', '/previews:traffic', { service, tag, percent: Number(percent) });
    process.stdout.write(`${service}=${tag} has ${percent} percent of the requests\n`);
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

/** The services that differ from a commit. @throws {PreviewCommandError} where git does not know it, or the schema would not do for both. */
function plannedServices(base: string): readonly string[] {
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      throw new PreviewCommandError(`git ${args[0]} fails: ${(error as { stderr?: string }).stderr?.trim()}`);
    }
  };
  const changes = git('diff', '--name-status', '--no-renames', `${base}...HEAD`)
    .split('\n')
    .filter((line) => line !== '');
  const files = changes.map((line) => {
    const [kind = '', path = ''] = line.split('\t');
    return { path, isNew: kind === 'A', text: kind === 'D' ? '' : git('show', `HEAD:${path}`) };
  });
  const { services, faults } = previewPlan(files);
  if (faults.length > 0)
    throw new PreviewCommandError(
      `previews share the database, so a migration only adds:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  return services;
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
