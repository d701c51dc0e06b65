import { execFile } from 'node:child_process';
import { ImagesError } from './images-error.ts';

/** What builds images, in the order in which it is looked for. */
export const builderNames = ['docker', 'podman', 'buildah'] as const;
export type BuilderName = (typeof builderNames)[number];

/** An image to be built. */
export interface ImageBuild {
  readonly dockerfile: string;
  readonly tag: string;
  /** Up to which stage; the last one where it is left out. */
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The time of everything that is made, in seconds since 1970. */
  readonly epochSeconds: number;
  /** The folder that is sent to the builder. */
  readonly context: string;
  /** Folders of this machine that steps of podman and buildah see, each with its place. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Folders of this machine that podman and buildah copy from in place of stages, by the stage's name. */
  readonly contexts?: Readonly<Record<string, string>>;
  /** Whether podman and buildah make one layer of all steps, and keep none of them: it is asked for only where something of it is another. */
  readonly oneLayer?: boolean;
}

/** The oldest version of each that this is known to work with: mounts of caches, ignore files by name of the Dockerfile. */
const oldest: Readonly<Record<BuilderName, readonly [major: number, minor: number]>> = {
  docker: [23, 0],
  podman: [4, 3],
  buildah: [1, 28],
};

/** How a command is tried. Tests put another in its place. */
export type Run = (command: string, args: readonly string[]) => Promise<{ readonly code: number | null; readonly output: string }>;

const run: Run = (command, args) =>
  new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 30_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, output: `${stdout}${stderr}`.trim() });
    });
  });

/**
 * The builder to use: the one that was asked for, or the first that works here.
 *
 * @throws {ImagesError} where it is not there, too old or not allowed to, or none works: with what each says.
 */
export async function findBuilder(asked: BuilderName | undefined, tried: Run = run): Promise<BuilderName> {
  const faults: string[] = [];
  for (const name of asked === undefined ? builderNames : [asked]) {
    const fault = await faultOf(name, tried);
    if (fault === undefined) return name;
    faults.push(fault);
  }
  if (asked !== undefined) throw new ImagesError(faults[0]!);
  throw new ImagesError(
    `Nothing here builds images:\n${faults.map((fault) => `  ${fault}`).join('\n')}\nOn Debian and Ubuntu "apt-get install buildah" is enough: it needs no daemon.`,
  );
}

/** Why a builder cannot be used here. */
async function faultOf(name: BuilderName, tried: Run): Promise<string | undefined> {
  const told = await tried(name, ['--version']);
  if (told.code !== 0) return `${name} is not there`;
  const [, major, minor] = /(\d+)\.(\d+)/.exec(told.output)?.map(Number) ?? [];
  const [needMajor, needMinor] = oldest[name];
  if (major === undefined || minor === undefined) return `${name} does not tell its version: ${firstLine(told.output)}`;
  if (major < needMajor || (major === needMajor && minor < needMinor))
    return `${name} ${major}.${minor} is too old: ${needMajor}.${needMinor} is the oldest that can build these images`;
  const asked = await tried(name, ['info']);
  if (asked.code === 0) return undefined;
  const help =
    name === 'docker'
      ? 'start its daemon, or name another builder with --builder'
      : 'run it as root, or give your user ranges in /etc/subuid and /etc/subgid';
  return `${name} may not or cannot work here (${lastLine(asked.output)}): ${help}`;
}

/** The arguments that build an image. */
export function buildArguments(name: BuilderName, build: ImageBuild): string[] {
  const { dockerfile, tag, target, args, labels, epochSeconds, context, volumes = {}, contexts = {}, oneLayer = false } = build;
  const pairs = (option: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([key, value]) => [option, `${key}=${value}`]);
  // Docker has times of layers from a variable (https://reproducible-builds.org/docs/source-date-epoch/).
  const own =
    name === 'docker'
      ? ['--build-arg', `SOURCE_DATE_EPOCH=${epochSeconds}`]
      : [
          ...[`--layers=${!oneLayer}`, '--timestamp', String(epochSeconds)],
          // SELinux lets containers at what is labelled so, where there is SELinux.
          ...Object.entries(volumes).flatMap(([folder, place]) => ['--volume', `${folder}:${place}:z`]),
          ...pairs('--build-context', contexts),
        ];
  return [
    'build',
    ...own,
    ...['--file', dockerfile, '--tag', tag],
    ...(target === undefined ? [] : ['--target', target]),
    ...pairs('--build-arg', args),
    ...pairs('--label', labels),
    context,
  ];
}

/** The value of a label of an image; undefined where the builder has no such image. */
export function labelOf(name: BuilderName, image: string, label: string, tried: Run = run): Promise<string | undefined> {
  return inspected(name, image, `{{index ${name === 'buildah' ? '.OCIv1.Config.Labels' : '.Config.Labels'} "${label}"}}`, tried);
}

/** What tells an image from others of the same name; undefined where the builder has none of it. */
export function idOf(name: BuilderName, image: string, tried: Run = run): Promise<string | undefined> {
  return inspected(name, image, name === 'buildah' ? '{{.FromImageID}}' : '{{.Id}}', tried);
}

async function inspected(name: BuilderName, image: string, format: string, tried: Run): Promise<string | undefined> {
  const command = name === 'buildah' ? ['inspect', '--type', 'image'] : ['image', 'inspect'];
  const { code, output } = await tried(name, [...command, '--format', format, image]);
  return code === 0 ? output : undefined;
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? '';
const lastLine = (text: string) => text.split('\n').at(-1) ?? '';
