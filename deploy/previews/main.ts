/** `npm run preview`: previews of a platform that runs here, and those that pull requests have in an environment. */
import { parseArgs } from 'node:util';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import type { PreviewStatus } from '../local/platform/running-previews.ts';
import { defaultStateDir } from '../local/platform/state-dir.ts';
import { tagOf } from './forgotten.ts';
import { PreviewsHere } from './here.ts';
import { PreviewCommandError } from './preview-command-error.ts';

// Loaded by the commands that need them: whoever starts a preview here waits for none of Google's clients.
const there = () => import('./there.ts');

const usage = `usage: npm run preview -- start SERVICE TAG [--from DIR-OR-REF] | stop SERVICE TAG | traffic SERVICE TAG PERCENT | list
                          [--state-dir DIR]
       npm run preview -- deploy --env NAME --pr NUMBER --services "NAMES" [--token-command COMMAND] | list --env NAME [--pr NUMBER]
       npm run preview -- remove --env NAME --pr NUMBER | forget --env NAME --open "NUMBERS" [--idle DAYS]
       npm run preview -- plan --base REF

  previews of the platform that runs here: second instances of its services, for tokens that ask for them
  start partner pr-123     starts this folder's code beside the default of the service, sets the tag, and is done when a request has met it,
                           or where only services call it when the gateways have it
  --from DIR-OR-REF        the code of another folder of this project, or of a branch, tag or commit
  stop partner pr-123      takes the tag away, lets requests end, and ends it
  traffic partner v2 10    gives it 10 percent of its service's requests, and the default the rest
  list                     what there is
  --state-dir DIR          where the platform's state lives, .kumiko unless told

  previews of pull requests in an environment on Google Cloud, such as "staging"
  deploy                   builds and deploys this commit's services as revisions with the pull request's tag and without traffic, and is
                           done when a tester's request has met each; where nobody can send one, or none has met it, it says so
  --token-command COMMAND  prints a tester's token with the claim kumiko_preview that is in $KUMIKO_PREVIEW; for sh
  list                     the tags of its services, and the revisions that they lead to
  remove                   takes the tag of a pull request off every service
  forget                   takes away those of pull requests that are not among the open ones, and those that no request has met for
                           --idle days, 3 unless told
  plan --base origin/main  the services that a pull request's previews are of; refused where its migrations do more than add`;

const options = {
  from: { type: 'string' },
  base: { type: 'string' },
  env: { type: 'string' },
  pr: { type: 'string' },
  services: { type: 'string' },
  'token-command': { type: 'string' },
  open: { type: 'string' },
  idle: { type: 'string' },
  'state-dir': { type: 'string' },
} as const;
type Option = keyof typeof options;

/** A command line that was read. */
interface Line {
  readonly values: Readonly<Partial<Record<Option, string>>>;
  /** What stands behind the command. */
  readonly operands: readonly string[];
}

/** Which options a command takes. */
interface Command {
  readonly takes: readonly string[];
  readonly run: (line: Line) => Promise<void>;
}

const commands: Readonly<Record<string, Command>> = {
  deploy: { takes: ['env', 'pr', 'services', 'token-command'], run: deploy },
  start: { takes: ['from', 'state-dir'], run: start },
  stop: { takes: ['state-dir'], run: stop },
  traffic: { takes: ['state-dir'], run: traffic },
  list: { takes: ['env', 'pr', 'state-dir'], run: list },
  remove: { takes: ['env', 'pr'], run: remove },
  forget: { takes: ['env', 'open', 'idle'], run: forget },
  plan: { takes: ['base'], run: plan },
};

const isMistake = (error: unknown) => error instanceof PreviewCommandError || (error instanceof Error && error.name === 'EnvironmentError');
await runCommand({ usage, isMistake }, async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [name, ...operands] = positionals;
  const command = name === undefined ? undefined : commands[name];
  if (command === undefined) throw new UsageError(name === undefined ? 'a command is missing' : `there is no command "${name}"`);
  for (const option of Object.keys(values))
    if (!command.takes.includes(option)) throw new UsageError(`--${option} does not belong to "${name}"`);
  await command.run({ values, operands });
});

function here({ values }: Line): PreviewsHere {
  return new PreviewsHere(values['state-dir'] ?? defaultStateDir);
}

function target({ operands: [service, tag, ...rest] }: Line): readonly [string, string] {
  if (service === undefined || tag === undefined || rest.length > 0) throw new UsageError('one SERVICE and one TAG are expected');
  return [service, tag];
}

async function start(line: Line): Promise<void> {
  process.stdout.write(lineHere(await here(line).start(...target(line), line.values.from)));
}

async function stop(line: Line): Promise<void> {
  const [service, tag] = target(line);
  await here(line).stop(service, tag);
  process.stdout.write(`${service}=${tag} is stopped\n`);
}

async function traffic(line: Line): Promise<void> {
  const percent = line.operands[2] ?? '';
  if (!/^(\d{1,2}|100)$/.test(percent)) throw new UsageError('one SERVICE, one TAG and its PERCENT are expected, from 0 to 100');
  const [service, tag] = target({ ...line, operands: line.operands.toSpliced(2, 1) });
  await here(line).share(service, tag, Number(percent));
  process.stdout.write(`${service}=${tag} has ${percent} percent of the requests\n`);
}

async function list(line: Line): Promise<void> {
  const { env, pr } = line.values;
  if (line.operands.length > 0) throw new UsageError('"list" takes nothing behind it');
  if (env === undefined) {
    if (pr !== undefined) throw new UsageError('--pr belongs to --env');
    print((await here(line).list()).map(lineHere), 'no preview runs');
  } else {
    const tags = await (await there()).listThere(env, pr === undefined ? undefined : tagOf(number('pr', pr)));
    const lines = tags.map(({ service, tag, revision, url }) => `${`${service}=${tag}`.padEnd(24)} ${revision.padEnd(32)} ${url}\n`);
    print(lines, 'no service has a tag');
  }
}

async function deploy({ values }: Line): Promise<void> {
  const [env, pr] = [needed(values, 'env'), number('pr', needed(values, 'pr'))];
  const asked = needed(values, 'services')
    .split(/[\s,]+/)
    .filter((name) => name !== '');
  const unknown = asked.find((name) => !serviceNames.includes(name));
  if (unknown !== undefined) throw new UsageError(`--services ${unknown}: expected ${serviceNames.join(', ')}`);
  if (asked.length === 0) {
    process.stdout.write('no service is touched: there is nothing to deploy\n');
    return;
  }
  const [{ deployThere }, { proveEachThere }] = await Promise.all([import('./deploy-there.ts'), import('./prove-there.ts')]);
  const { tag, suffix, url } = await deployThere(env, pr, asked);
  const tokenCommand = values['token-command'] === '' ? undefined : values['token-command'];
  await proveEachThere({ url, services: asked, tag, suffix, tokenCommand, tell: (line) => process.stdout.write(`${line}\n`) });
  const claim = JSON.stringify(Object.fromEntries(asked.map((service) => [service, tag])));
  process.stdout.write(`a token with the claim "kumiko_preview": ${claim} meets it at ${url}, every other one does not\n`);
}

async function remove({ values }: Line): Promise<void> {
  const env = needed(values, 'env');
  const tag = tagOf(number('pr', needed(values, 'pr')));
  const services = await (await there()).removeThere(env, tag);
  print(
    services.map((service) => `${service}=${tag} is gone\n`),
    `no service has the tag ${tag}`,
  );
}

async function forget({ values }: Line): Promise<void> {
  const { idle = '3' } = values;
  const env = needed(values, 'env');
  const open = new Set(
    needed(values, 'open')
      .split(/[\s,]+/)
      .flatMap((text) => (text === '' ? [] : [number('open', text)])),
  );
  const idleMs = number('idle', idle) * 86_400_000;
  const { forgetThere } = await there();
  await forgetThere(env, { open, idleMs }, ({ service, tag }, why) => process.stdout.write(`${service}=${tag} is gone: ${why}\n`));
}

async function plan({ values }: Line): Promise<void> {
  const { plannedServices } = await import('./planned-services.ts');
  process.stdout.write(`${plannedServices(needed(values, 'base')).join(' ')}\n`);
}

function needed(values: Line['values'], option: Option): string {
  const value = values[option];
  if (value === undefined) throw new UsageError(`--${option} is missing`);
  return value;
}

function number(option: Option, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${option} ${text}: expected a number, such as 123`);
  return Number(text);
}

function print(lines: readonly string[], none: string): void {
  process.stdout.write(lines.length === 0 ? `${none}\n` : lines.join(''));
}

function lineHere({ service, tag, state, url, code, logFile }: PreviewStatus): string {
  return `${`${service}=${tag}`.padEnd(24)} ${state.padEnd(9)} ${url.padEnd(23)} ${code}  ${logFile}\n`;
}
