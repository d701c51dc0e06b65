import { controlPlane, gateways } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';

/** What a change of the project's files asks for. */
interface Concern {
  /** What is derived has to be built anew before. */
  readonly build: boolean;
  /** The database has to be brought up to date before. */
  readonly migrate: boolean;
  /** The gateways' bootstraps have to be written anew before. */
  readonly bootstraps: boolean;
  /** The processes that run code of it, in the order of their restart. */
  readonly processes: readonly string[];
}

const nothing: Concern = { build: false, migrate: false, bootstraps: false, processes: [] };
const tests = /\.test\.ts$|\/(?:tests?|testing|gen|golden|build|node_modules)\/|\.md$|~$|\.sw[a-z]$/;
const services = [...serviceNames, controlPlane];

/** What a change of one file, by its path from the project's root, asks for: nothing where nothing that runs is made of it. */
export function concernOf(file: string): Concern {
  if (tests.test(file)) return nothing;
  const [, name = ''] = /^services\/([^/]+)\//.exec(file) ?? [];
  if (serviceNames.includes(name)) return { ...nothing, migrate: file.endsWith('.sql'), processes: [name] };
  if (name === 'platform') return { ...nothing, processes: services };
  if (file.startsWith('proto/')) return { ...nothing, build: true, bootstraps: true, processes: ['cloud', ...services, ...gateways] };
  if (file.startsWith('wasm-filters/')) return { ...nothing, build: true, processes: gateways };
  if (file.startsWith('gateway/bootstrap/')) return { ...nothing, bootstraps: true, processes: gateways };
  if (file.startsWith('gateway/control-plane/')) return { ...nothing, processes: [controlPlane] };
  if (file.startsWith('deploy/local/cloud/spanner/')) return { ...nothing, processes: ['spanner'] };
  if (/^deploy\/local\/(?:cloud|outside-world)\//.test(file)) return { ...nothing, processes: ['cloud'] };
  return nothing;
}

/** What several changes ask for together. */
export function concernOfAll(files: readonly string[]): Concern {
  const all = files.map(concernOf);
  const order = ['spanner', 'cloud', ...services, ...gateways];
  const wanted = new Set(all.flatMap(({ processes }) => processes));
  return {
    build: all.some(({ build }) => build),
    migrate: all.some(({ migrate }) => migrate),
    bootstraps: all.some(({ bootstraps }) => bootstraps),
    processes: order.filter((name) => wanted.has(name)),
  };
}
