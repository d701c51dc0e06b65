import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { genFolder, productFolder } from '../../../services/platform/contracts/product-folder.ts';
import { lockBuild } from '../../../services/platform/tools/build-if-changed.ts';
import { PreviewError } from './preview-error.ts';
import type { EnvironmentOf } from './print-environment.ts';

const ownRoot = join(import.meta.dirname, '../../..');
/** Of the product in the project's folder: another product may lie below it. */
const productPath = relative(ownRoot, productFolder);
const printEnvironment = join(import.meta.dirname, 'print-environment.ts');
const run = promisify(execFile);
/** What the contracts' build makes; the platform's own types are with the product of this repository. */
const contracts = new Set([join(ownRoot, 'services/platform/contracts/gen'), genFolder]);
const ofContracts = ['.stamp', 'commented.binpb', 'descriptor.binpb', 'services.json', 'third_party', 'types'];
/** Set only for another product, as npm start has it: this one's code knows itself by the folder that it is in. */
const productVariable = (product: string) => (productPath === '' ? {} : { KUMIKO_PRODUCT: product });

/** Code that a preview runs. */
export interface PreviewCode {
  /** The project's folder with this code. */
  readonly root: string;
  /** The program of the service. */
  readonly program: string;
  /** The variables of the service as this code has them, with those that every process with this code needs. */
  environment(of: EnvironmentOf): Promise<Record<string, string>>;
  /** Removes what was made for it. */
  remove(): Promise<void>;
}

/** Where code comes from and where it may be put. */
interface CodeOptions {
  readonly service: string;
  /** A folder of the project by its absolute path, or what git knows a commit by. This folder as it is, where undefined. */
  readonly from: string | undefined;
  /** The folder for a commit's files. */
  readonly folder: string;
  /** Ends what takes time. */
  readonly signal: AbortSignal;
}

/** Code as a preview can run it: checked out, with its packages, its contracts built. @throws {PreviewError} */
export async function takeCode({ service, from, signal, ...options }: CodeOptions): Promise<PreviewCode> {
  // Git would read it from the repository's folder.
  const folder = resolve(options.folder);
  if (productPath.startsWith('..') && from !== undefined) {
    throw new PreviewError(`--from finds no code of the product in ${productFolder}: it lies outside of this repository`);
  }
  const isFolder = from !== undefined && isAbsolute(from) && existsSync(from) && statSync(from).isDirectory();
  const isCommit = from !== undefined && !isFolder;
  const remove = async () => {
    if (isCommit) await removeWorktree(folder);
  };
  try {
    if (isCommit) await addWorktree(from, folder, signal);
    const root = isCommit ? folder : (from ?? ownRoot);
    const product = productPath.startsWith('..') ? productFolder : join(root, productPath);
    const program = join(product, 'services', service, 'main.ts');
    const missing = [program, join(root, 'node_modules'), join(root, 'deploy/local')].find((path) => !existsSync(path));
    if (missing !== undefined)
      throw new PreviewError(`--from ${from}: there is no ${missing}. A folder of this project with its packages (npm ci) is expected`);
    const env = { ...process.env, ...productVariable(product) };
    await build(root, env, signal);
    return {
      root,
      program,
      environment: async (of) => {
        const options = { env: { ...env, KUMIKO_ENVIRONMENT_OF: JSON.stringify(of) }, cwd: root, signal };
        const { stdout } = await run(process.execPath, [printEnvironment, root], options).catch((error: unknown) => {
          throw failed(`the code in ${root} does not say what its variables are`, error, signal);
        });
        return { ...(JSON.parse(stdout) as Record<string, string>), ...productVariable(product) };
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Removes the files of commits that a platform left behind when it was killed. @param parent the folder of their folders. */
export async function removeLeftCode(parent: string): Promise<void> {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) await removeWorktree(resolve(parent, name));
}

async function addWorktree(ref: string, folder: string, signal: AbortSignal): Promise<void> {
  const git = (...args: string[]) => run('git', ['-C', ownRoot, ...args], { signal });
  const { stdout } = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`).catch((error: unknown) => {
    signal.throwIfAborted();
    const git = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? ' (git is not installed)' : '';
    throw new PreviewError(`--from ${ref} is neither a folder nor a branch, tag or commit of this repository${git}`);
  });
  mkdirSync(join(folder, '..'), { recursive: true });
  await git('worktree', 'add', '--quiet', '--detach', folder, stdout.trim()).catch((error: unknown) => {
    throw failed(`${ref} cannot be checked out`, error, signal);
  });
  symlinkSync(join(ownRoot, 'node_modules'), join(folder, 'node_modules'));
  await layContracts(folder);
}

/** Copies this folder's contracts: the build of a commit with the same protos, which takes seconds, finds them done; any other makes its own. */
async function layContracts(folder: string): Promise<void> {
  for (const gen of contracts) {
    // Not while another build replaces them.
    const release = await lockBuild(`${gen}.lock`, 'contracts');
    try {
      const copies = ofContracts.map((name) => [join(gen, name), join(folder, relative(ownRoot, gen), name)] as const);
      await Promise.all(copies.map(([from, to]) => cp(from, to, { recursive: true })));
    } finally {
      release();
    }
  }
}

async function removeWorktree(folder: string): Promise<void> {
  // One that git does not know is a folder like any other.
  await run('git', ['-C', ownRoot, 'worktree', 'remove', '--force', '--force', folder]).catch(() => {});
  rmSync(folder, { recursive: true, force: true });
}

async function build(root: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const program = join(root, 'services/platform/contracts/build.ts');
  await run(process.execPath, [program], { env, cwd: root, signal }).catch((error: unknown) => {
    throw failed(`the code in ${root} does not build`, error, signal);
  });
}

/** What a program said when it failed. */
function failed(what: string, error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return new PreviewError('the platform is being stopped');
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
  return new PreviewError(`${what}:\n${said.split('\n').slice(-15).join('\n')}`);
}
