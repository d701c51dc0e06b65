import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { type TokenRequest, tokenKinds } from './cloud/issuer/token-request.ts';
import { endpointsFile } from './platform/endpoints.ts';
import { defaultStateDir } from './platform/state-dir.ts';

const usage = `usage: npm run -s token -- <kind> <subject> [--ttl 1h] [--audience URL] [--preview service=target] [--as account] [--state-dir DIR]

  customer alice                       a customer, by id
  partner acme                         a partner, by id
  operator operator@kumiko.example     an operator, by e-mail
  trigger pubsub|tasks|scheduler       what calls the jobs gateway
  service customer                     an ID token for a service behind its IAM check [--as edge-gateway|job|…]`;

/** No token can be had; its message says what to do. */
class TokenCommandError extends Error {}

/** Reads the command line of `npm run token`. @throws {UsageError} */
export function parseTokenCommand(args: readonly string[]): TokenRequest {
  const parsed = parse(args);
  const [kind, subject, ...rest] = parsed.positionals;
  if (kind === undefined || subject === undefined || rest.length > 0) throw new UsageError('one kind and one subject are expected');
  const knownKind = tokenKinds.find((known) => known === kind);
  if (knownKind === undefined) throw new UsageError(`"${kind}" is no kind of token: use one of ${tokenKinds.join(', ')}`);
  const { ttl, audience, preview, as } = parsed.values;
  return {
    kind: knownKind,
    subject,
    ...(ttl === undefined ? {} : { ttl_seconds: parseTtl(ttl) }),
    ...(audience === undefined ? {} : { audience }),
    ...(preview === undefined ? {} : { preview: Object.fromEntries(preview.map(parsePreview)) }),
    // The issuer knows the accounts and names them in its answer.
    ...(as === undefined ? {} : { as: as as NonNullable<TokenRequest['as']> }),
  };
}

/**
 * Asks the running platform's issuer, whose URL is "issuer" in the endpoints file, for a token.
 *
 * @throws TokenCommandError where the platform does not run or the issuer refuses.
 */
export async function requestToken(file: string, request: TokenRequest): Promise<string> {
  const issuer = await issuerOf(file);
  let response: Response;
  try {
    response = await fetch(new URL('/token', issuer), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
  } catch {
    throw new TokenCommandError(`The issuer does not answer at ${issuer}: start the platform with "npm start" and try again.`);
  }
  const body = (await response.json()) as { token: string } | { error: { message: string } };
  if ('error' in body) throw new TokenCommandError(body.error.message);
  return body.token;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ttl: { type: 'string' },
      audience: { type: 'string' },
      preview: { type: 'string', multiple: true },
      as: { type: 'string' },
      'state-dir': { type: 'string', default: defaultStateDir },
    },
  });
}

async function issuerOf(file: string): Promise<string> {
  try {
    const { issuer } = JSON.parse(await readFile(file, 'utf8')) as { issuer: string };
    return new URL(issuer).href;
  } catch {
    throw new TokenCommandError(`The platform is not running: ${file} names no issuer. Start it with "npm start".`);
  }
}

const unitSeconds: ReadonlyMap<string | undefined, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
]);

function parseTtl(text: string): number {
  const [, count, unit] = /^(-?\d{1,6})([smh])$/.exec(text) ?? [];
  const seconds = unitSeconds.get(unit);
  if (seconds === undefined) throw new UsageError(`--ttl ${text} is no duration: use for example 90s, 15m or 1h.`);
  return Number(count) * seconds;
}

function parsePreview(text: string): [string, string] {
  const [service, target, ...rest] = text.split('=');
  if (!service || !target || rest.length > 0) throw new UsageError(`--preview ${text} is not service=target, such as partner=pr-123.`);
  return [service, target];
}

if (import.meta.main) {
  await runCommand({ usage, isMistake: (error) => error instanceof TokenCommandError }, async () => {
    const args = process.argv.slice(2);
    const request = parseTokenCommand(args);
    process.stdout.write(`${await requestToken(endpointsFile(parse(args).values['state-dir']), request)}\n`);
  });
}
