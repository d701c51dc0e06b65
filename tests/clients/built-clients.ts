import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Programs of others that speak our protocols, each built of one version of its Go module: checked by Go's own checksum database. */
const goPackages = {
  /** https://github.com/fullstorydev/grpcurl */
  grpcurl: 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4',
  /** The Connect project's conformance suite, https://github.com/connectrpc/conformance. */
  connectconformance: 'connectrpc.com/conformance/cmd/connectconformance@v1.0.7',
  /** The client of gRPC's interoperability tests, https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md. */
  interop: 'google.golang.org/grpc/interop/client@v1.85.0',
} as const;

/** The name of one. */
type GoClient = keyof typeof goPackages;

const requirements = join(import.meta.dirname, 'requirements.txt');

/** Whether they have to be there: CI builds them before its tests, where there is Go. */
const required = process.env['KUMIKO_REQUIRE_CLIENTS'] !== undefined;

/** Why a test that needs them is skipped; undefined where they are there, or have to be. */
export function missingClients(): string | undefined {
  const built = Object.keys(goPackages).every((name) => existsSync(goClient(name as GoClient))) && existsSync(pythonPath());
  return required || built ? undefined : 'skipped: they are not built, which node tests/clients/build.ts does';
}

/** The executable of one. */
export function goClient(name: GoClient): string {
  const [path] = goPackages[name].split('@', 1);
  return join(cached(goPackages[name]), path!.slice(path!.lastIndexOf('/') + 1));
}

/** The value of PYTHONPATH with the packages of requirements.txt. */
export function pythonPath(): string {
  return cached(`${readFileSync(requirements, 'utf8')} for ${execFileSync('python3', ['--version'], { encoding: 'utf8' })}`);
}

/**
 * Builds what is not there: the first time takes some minutes. Each appears whole or not at all, also where two build it at once.
 *
 * @throws where there is no Go or no pip, or modules and packages cannot be had.
 */
export function buildClients(): void {
  for (const path of Object.values(goPackages)) {
    whole(cached(path), (folder) => execFileSync('go', ['install', path], { env: { ...process.env, GOBIN: folder }, stdio: 'inherit' }));
  }
  whole(pythonPath(), (folder) =>
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--target', folder, '-r', requirements], {
      stdio: 'inherit',
    }),
  );
}

function whole(folder: string, build: (unfinished: string) => void): void {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  build(unfinished);
  // Another one may have been first.
  if (existsSync(folder)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, folder);
}

/** A folder in the cache that all checkouts share, for exactly this source on this kind of machine. */
function cached(source: string): string {
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kumiko', 'clients');
  return join(cache, `${hash}-${process.platform}-${process.arch}`);
}
