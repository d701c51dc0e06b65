import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireEnvoy } from '../../../gateway/envoy/find-envoy.ts';
import type { BuilderName } from '../images/builder.ts';
import { ImagesError } from '../images/images-error.ts';
import { runBuilder } from '../images/run-builder.ts';

/** The Debian of the official images, with the library that Node is linked against. */
const suite = 'bookworm';
const packages = ['libatomic1', 'libstdc++6'];

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** The arguments of the Dockerfiles, by the stage that stands in for each. */
const stages = { runtime: 'RUNTIME_IMAGE', build: 'BUILD_IMAGE', envoy: 'ENVOY_IMAGE' } as const;

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
  const context = mkdtempSync(join(tmpdir(), 'kumiko-debian-base-'));
  try {
    linkOrCopy(debian(), join(context, 'debian.tar'));
    linkOrCopy(process.execPath, join(context, 'node'));
    linkOrCopy(requireEnvoy(), join(context, 'envoy'));
    cpSync(npmFolder(), join(context, 'npm'), { recursive: true });
    if (!existsSync(certificates)) throw new ImagesError(`${certificates} is missing: apt-get install ca-certificates`);
    cpSync(certificates, join(context, 'ca-certificates.crt'), { dereference: true });
    const args: Record<string, string> = {};
    // One after the other: each begins with the last one's layers.
    for (const [target, argument] of Object.entries(stages)) {
      args[argument] = `localhost/kumiko-base/${target}:${suite}`;
      const dockerfile = join(import.meta.dirname, 'Dockerfile');
      const build = { dockerfile, tag: args[argument], target, args: {}, labels: {}, epochSeconds, context };
      await runBuilder(builder, build, join(logFolder, `base-${target}.log`));
    }
    return args;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
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
