import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { render, renderedFile } from '../cloud-run/render.ts';
import { parseCurrentTraffic } from '../cloud-run/traffic.ts';
import { imageName } from '../docker/images/build-images.ts';
import { findBuilder } from '../docker/images/builder.ts';
import { environmentWithPreviews } from './environment-with-previews.ts';
import { tagOf } from './forgotten.ts';
import { PreviewCommandError } from './preview-command-error.ts';

/** A pull request's revisions. */
interface Deployed {
  readonly tag: string;
  /** The end of the revisions' names: it says of which commit they are. */
  readonly suffix: string;
  /** The edge gateway's origin. */
  readonly url: string;
}

/** Runs a program, and returns what it prints. Tests put another in its place. */
type RunProgram = (program: string, args: readonly string[]) => string;

const runProgram: RunProgram = (program, args) => {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new PreviewCommandError(`${program} ${args.slice(0, 4).join(' ')} fails: ${errorText(error).split('\n', 1)[0]}`);
  }
};

/**
 * Builds the images of services and deploys each as a revision with the tag of a pull request and without traffic, as releases are deployed: by the manifests
 * that this commit renders, and gcloud. It is done when Cloud Run says that the revisions are ready; whether requests meet them is for prove-there.ts.
 *
 * @throws {PreviewCommandError} where the environment has no previews, or a program fails.
 */
export async function deployThere(
  environmentName: string,
  pullRequest: number,
  services: readonly string[],
  run: RunProgram = runProgram,
  find = () => findBuilder(undefined),
): Promise<Deployed> {
  const environment = environmentWithPreviews(environmentName);
  const { project, region, domain } = environment;
  const tag = tagOf(pullRequest);
  // A commit may be deployed again, and a revision's name is used once.
  const suffix = `${tag}-${run('git', ['rev-parse', '--short=7', 'HEAD']).trim()}-${Math.floor(Date.now() / 1000).toString(36)}`;
  const where = ['--project', project, '--region', region];
  const described = serviceNames.map((name) => run('gcloud', ['run', 'services', 'describe', name, ...where, '--format', 'json']));
  const files = render({
    environment,
    target: 'cloud-run',
    imageTag: suffix,
    revision: { suffix, tag },
    current: parseCurrentTraffic(`[${described.join(',')}]`),
  });
  const builder = await find();
  run('npm', ['run', '-s', 'images', '--', '--builder', builder, '--env', environmentName, '--tag', suffix]);
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-preview-'));
  try {
    for (const service of services) {
      const manifest = join(folder, 'cloud-run', `${service}.yaml`);
      mkdirSync(dirname(manifest), { recursive: true });
      writeFileSync(manifest, renderedFile(files, `cloud-run/${service}.yaml`));
      run(builder, ['push', imageName(service, { environment, imageTag: suffix })]);
      run('gcloud', ['run', 'services', 'replace', manifest, ...where, '--quiet']);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { tag, suffix, url: `https://${domain}` };
}
