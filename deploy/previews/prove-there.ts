import { spawnSync } from 'node:child_process';
import { PreviewCommandError } from './preview-command-error.ts';
import { proofsOf } from './proofs.ts';
import { NotMet, untilMet } from './until-met.ts';

/** The revision of a pull request that is to be met through an edge gateway. Times in milliseconds. */
interface Deployed {
  /** The edge gateway's origin, such as "https://staging.example.com". */
  readonly url: string;
  readonly service: string;
  readonly tag: string;
  /** The revision's whole name. */
  readonly revision: string;
  /** Prints a tester's token with the claim that is in $KUMIKO_PREVIEW, by way of a shell. Undefined: nobody has one. */
  readonly tokenCommand: string | undefined;
  readonly limitMs?: number;
  readonly pauseMs?: number;
}

/** A listing interval of the control plane, should its news be lost, and the start of an instance. */
const standardLimitMs = 180_000;
const standardPauseMs = 1_000;

const oneWord = /^[\x21-\x7e]+$/;

/** The variable in which a token command finds the claim, as JSON. */
const claimVariable = 'KUMIKO_PREVIEW';

/**
 * Waits until a tester's request has met a revision through the edge gateway. Returns why that is not proved where nobody can prove it from outside.
 *
 * @throws {PreviewCommandError} where no request has met it in time, with what was seen last, or the command gives no token.
 */
export async function proveThere({ url, service, tag, revision, tokenCommand, ...times }: Deployed): Promise<string | undefined> {
  const proof = proofsOf(service).find(({ gateway }) => gateway === 'edge');
  if (proof?.gateway !== 'edge') return 'no method of it is called through the edge gateway';
  if (proof.access === 'operator')
    return "its methods at the edge gateway are operators', and Google's tokens for people carry no claim of ours";
  if (tokenCommand === undefined) return "there is no tester's token: --token-command says how to get one";
  const token = printedBy(tokenCommand, JSON.stringify({ [service]: tag }));
  try {
    await untilMet({
      url,
      grpcPath: proof.grpcPath,
      headers: async () => ({ authorization: `Bearer ${token}` }),
      revision,
      limitMs: times.limitMs ?? standardLimitMs,
      pauseMs: times.pauseMs ?? standardPauseMs,
    });
  } catch (error) {
    throw error instanceof NotMet ? new PreviewCommandError(error.message) : error;
  }
  return undefined;
}

/** Services of one pull request, whose revisions' names end the same. */
interface DeployedServices extends Omit<Deployed, 'service' | 'revision'> {
  readonly services: readonly string[];
  readonly suffix: string;
  /** Told a line about each service, as soon as it is known. */
  readonly tell: (line: string) => void;
}

/**
 * As proveThere, of one service after the other; one that no request meets stops none of the others.
 *
 * @throws {PreviewCommandError} at the end, which names those that no request has met.
 */
export async function proveEachThere({ services, suffix, tell, ...deployed }: DeployedServices): Promise<void> {
  const { url, tag } = deployed;
  const failed: string[] = [];
  for (const service of services) {
    const revision = `${service}-${suffix}`;
    const say = (proof: string) => tell(`${service}=${tag} is ${revision}; ${proof}`);
    try {
      const unproved = await proveThere({ ...deployed, service, revision });
      say(unproved === undefined ? `a request to ${url} has met it` : `that a request meets it is not proved: ${unproved}`);
    } catch (error) {
      if (!(error instanceof PreviewCommandError)) throw error;
      failed.push(`${service}=${tag}`);
      say(`no request has met it: ${error.message}`);
    }
  }
  if (failed.length > 0) throw new PreviewCommandError(`no request has met ${failed.join(', ')}`);
}

function printedBy(command: string, claim: string): string {
  const { status, stdout } = spawnSync('sh', ['-c', command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, [claimVariable]: claim },
  });
  if (status !== 0) throw new PreviewCommandError(`--token-command ends with ${status}`);
  const token = stdout.trim();
  if (token === '') throw new PreviewCommandError('--token-command prints nothing: a token is expected');
  // What it prints is quoted nowhere: a token may be among it.
  if (!oneWord.test(token))
    throw new PreviewCommandError(
      '--token-command prints more than a token: one in one line is expected, of printable ASCII without spaces',
    );
  return token;
}
