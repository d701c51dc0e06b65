import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireEnvoy } from '../../../gateway/envoy/find-envoy.ts';
import { type BuilderName, labelOf } from '../images/builder.ts';
import { ImagesError } from '../images/images-error.ts';
import { runBuilder } from '../images/run-builder.ts';

/** The Debian of the official images, with the library that Node is linked against. */
const suite = 'bookworm';
const packages = ['libatomic1', 'libstdc++6'];

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** The arguments of the Dockerfiles, by the stage that stands in for each. */
const stages = { runtime: 'RUNTIME_IMAGE', build: 'BUILD_IMAGE', envoy: 'ENVOY_IMAGE' } as const;

const dockerfile = join(import.meta.dirname, 'Dockerfile');

/** The label of a base image that tells what it was made of. */
const inputsLabel = 'kumiko.inputs';

/** What base images are made with. */
interface BaseOptions {
  readonly builder: BuilderName;
  readonly epochSeconds: number;
  readonly logFolder: string;
}

/**
 * Makes the base images where none can be pulled: Debian by debootstrap, Node and npm as they run here, Envoy from its cache, and whom this machine believes.
 * Returns the Dockerfiles' arguments that name them.
 *
 * @throws {ImagesError} where debootstrap is not there or not allowed to work.
 */
export async function makeBases({ builder, epochSeconds, logFolder }: BaseOptions): Promise<Record<string, string>> {
  if (!existsSync(certificates)) throw new ImagesError(`${certificates} is missing: apt-get install ca-certificates`);
  const made = Object.fromEntries(
    Object.entries(stages).map(([target, argument]) => [argument, `localhost/kumiko-base/${target}:${suite}`]),
  );
  const files = [debian(), process.execPath, requireEnvoy(), join(npmFolder(), 'package.json'), certificates, dockerfile];
  const inputs = digestOf(files, epochSeconds);
  // Builders give labels to the last stage only, which is made when the others are there.
  const known = await Promise.all(Object.values(made).map((tag) => labelOf(builder, tag, inputsLabel)));
  if (!known.includes(undefined) && known.at(-1) === inputs) return made;
  const context = mkdtempSync(join(tmpdir(), 'kumiko-debian-base-'));
  try {
    linkOrCopy(debian(), join(context, 'debian.tar'));
    linkOrCopy(process.execPath, join(context, 'node'));
    linkOrCopy(requireEnvoy(), join(context, 'envoy'));
    cpSync(npmFolder(), join(context, 'npm'), { recursive: true });
    cpSync(certificates, join(context, 'ca-certificates.crt'), { dereference: true });
    // One after the other: each begins with the last one's layers.
    for (const [target, argument] of Object.entries(stages)) {
      const build = { dockerfile, tag: made[argument]!, target, args: {}, labels: { [inputsLabel]: inputs }, epochSeconds, context };
      await runBuilder(builder, build, join(logFolder, `base-${target}.log`));
    }
    return made;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Of small files by what is in them; of large ones by size and time, which is enough to see that they are others; and of the time that is given to all of it. */
function digestOf(files: readonly string[], epochSeconds: number): string {
  const hash = createHash('sha256').update(`${epochSeconds} `);
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${size} `).update(size < 1_000_000 ? readFileSync(file) : String(mtimeMs));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Debian's files, made once and kept in the cache that all checkouts share. */
function debian(): string {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kumiko', 'debian-base');
  const file = join(cache, `${[suite, ...packages].join('-')}-${process.arch}.tar`);
  if (existsSync(file)) return file;
  if (spawnSync('debootstrap', ['--version']).status !== 0)
    throw new ImagesError('--debian-base needs debootstrap: apt-get install debootstrap');
  if (process.getuid?.() !== 0)
    throw new ImagesError('--debian-base makes a file system with debootstrap, which only root may do: run it as root');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'unfinished-'));
  try {
    process.stderr.write(`making Debian ${suite}, about a minute\n`);
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, join(folder, 'root')];
    const { status, stdout } = spawnSync('debootstrap', args, { encoding: 'utf8' });
    if (status !== 0) throw new ImagesError(`debootstrap failed with code ${status}:\n${stdout.split('\n').slice(-10).join('\n')}`);
    execFileSync('tar', [
      '--sort=name',
      '-C',
      join(folder, 'root'),
      '--exclude=./var/cache/apt/*',
      '--exclude=./var/lib/apt/lists/*',
      '-cf',
      join(folder, 'debian.tar'),
      '.',
    ]);
    renameSync(join(folder, 'debian.tar'), file);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The npm that runs this: it tells its scripts where it is (https://docs.npmjs.com/cli/v11/using-npm/scripts). */
function npmFolder(): string {
  const program = process.env['npm_execpath'];
  if (program === undefined) throw new ImagesError('--debian-base takes the npm that runs it: npm run images -- --debian-base');
  return join(dirname(realpathSync(program)), '..');
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(realpathSync(from), to);
  } catch {
    // On another file system.
    cpSync(from, to, { dereference: true });
  }
}
