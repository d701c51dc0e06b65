import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serviceNames } from '../services/platform/contracts/services.ts';

const root = join(import.meta.dirname, '..');

interface Import {
  readonly from: string;
  /** A path from the root, or a package. */
  readonly to: string;
  readonly relative: boolean;
}

const isTest = (file: string) => /^gateway\/conformance\/|\.test\.ts$|\/tests?(ing)?\/|\/test-[^/]*\.ts$|-suite\.ts$/.test(file);

const files = globSync('{services,gateway,wasm-filters,deploy,tests,bench}/**/*.{ts,tsx}', { cwd: root })
  .filter((file) => !/node_modules|\/gen\/|\/assembly\/|^wasm-filters\/abi\/|^deploy\/infra\//.test(file))
  .toSorted();

/** A file without its comments: examples in there are no code. */
const codeOf = (file: string) => readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

function importsOf(file: string): Import[] {
  const source = codeOf(file);
  const specifiers = [
    ...source.matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g),
  ];
  return specifiers.map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const isRelative = specifier.startsWith('.');
    return { from: file, to: isRelative ? relative(root, resolve(root, dirname(file), specifier)) : specifier, relative: isRelative };
  });
}

const all = files.flatMap(importsOf);
const product = all.filter(({ from }) => !isTest(from) && /^(services|gateway|wasm-filters)\//.test(from));
const shown = (imports: readonly Import[]) => imports.map(({ from, to }) => `${from} -> ${to}`);
const owners = serviceNames;

/** What is the product's among what is deployed: whom it deals with at home, and its demonstration. */
const ofProduct = /^deploy\/local\/(outside-world|demo)\//;
const platform = files.filter(
  (file) => /^(services\/platform|gateway|wasm-filters|deploy)\//.test(file) && !ofProduct.test(file) && !isTest(file),
);

describe('a platform, and a product on it', () => {
  // Customers and partners are kinds of callers as well, which the platform knows.
  const names = serviceNames.filter((name) => !['customer', 'partner'].includes(name));
  const product = [
    /\bkumiko\.(?!platform\.)[a-z]+\.v\d/,
    /gen\/types\/kumiko\/(?!platform\/)/,
    new RegExp(`services/(${serviceNames.join('|')})/`),
    new RegExp(`'(${names.join('|')})'`),
  ];

  it('nothing in the platform names a service of the product', () => {
    expect(platform.length).toBeGreaterThan(200);
    const naming = platform.flatMap((file) =>
      codeOf(file)
        .split('\n')
        .filter((line) => product.some((word) => word.test(line)))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(naming).toEqual([]);
  });

  it('the tests of the platform stand on a product of their own: none imports what is made of the protos of another', () => {
    const contracts = all.filter(({ from, to }) => from.startsWith('services/platform/') && to.includes('/gen/types/'));
    expect(contracts.length).toBeGreaterThan(50);
    const allowed = /^services\/platform\/(contracts\/gen\/types\/(?!kumiko\/(?!platform\/))|testing\/fixture\/gen\/types\/)/;
    expect(shown(contracts.filter(({ to }) => !allowed.test(to)))).toEqual([]);
  });

  it('the product is built on the platform, and nothing the other way round', () => {
    const down = all.filter(({ from, to }) => platform.includes(from) && owners.some((owner) => to.startsWith(`services/${owner}/`)));
    expect(shown(down)).toEqual([]);
  });
});

describe('the dependency rule of docs/architecture.md', () => {
  it('sees the tree', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(product.length).toBeGreaterThan(200);
    expect(all.filter(({ to, relative }) => relative && !existsSync(join(root, to)))).toEqual([]);
  });

  it('no files import each other in a circle', () => {
    const next = new Map(files.map((file) => [file, all.filter(({ from, relative }) => relative && from === file).map(({ to }) => to)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, way: readonly string[]) => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
      if (done.has(file) || way.includes(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...way, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('no service imports another one', () => {
    const sideways = product.filter(({ from, to }) =>
      owners.some(
        (owner) => from.startsWith(`services/${owner}/`) && owners.some((other) => other !== owner && to.startsWith(`services/${other}/`)),
      ),
    );
    expect(shown(sideways)).toEqual([]);
  });

  it('product code imports nothing of the local cloud, the tests or the benchmarks', () => {
    expect(shown(product.filter(({ to }) => /^(deploy|tests|bench)\//.test(to)))).toEqual([]);
  });

  it('only services/platform/cloud imports Google clients, and the control plane, which lists Cloud Run', () => {
    const google = product.filter(({ to }) => /^(@google-cloud\/|google-auth-library|google-gax)/.test(to));
    expect(google.length).toBeGreaterThan(3);
    expect(shown(google.filter(({ from }) => !/^(services\/platform\/cloud|gateway\/control-plane)\//.test(from)))).toEqual([]);
  });

  it('domains import nothing but their own files, contracts and what has no I/O', () => {
    const allowed = /^(@bufbuild\/protobuf|zod|node:crypto)/;
    const outside = product.filter(({ from, to, relative }) => {
      const own = /^(services\/[^/]+\/domain)\//.exec(from)?.[1];
      if (own === undefined) return false;
      return relative ? !to.startsWith(`${own}/`) && !to.startsWith('services/platform/contracts/') : !allowed.test(to);
    });
    expect(shown(outside)).toEqual([]);
  });

  it('contracts import neither chassis nor cloud nor services', () => {
    const upwards = product.filter(
      ({ from, to, relative }) =>
        from.startsWith('services/platform/contracts/') && relative && !/^services\/platform\/(contracts|tools)\//.test(to),
    );
    expect(shown(upwards)).toEqual([]);
  });

  it('the chassis imports contracts only', () => {
    const outside = product.filter(
      ({ from, to, relative }) =>
        from.startsWith('services/platform/chassis/') && relative && !/^services\/platform\/(chassis|contracts)\//.test(to),
    );
    expect(shown(outside)).toEqual([]);
  });

  it('gateway and services meet only through contracts, the bootstrap file and .wasm files; the control plane is a process like theirs', () => {
    const gatewayToServices = product.filter(
      ({ from, to }) =>
        from.startsWith('gateway/') &&
        /^services\/(?!platform\/(contracts|tools)\/)/.test(to) &&
        !(from === 'gateway/control-plane/main.ts' && to.startsWith('services/platform/chassis/')),
    );
    const servicesToGateway = product.filter(({ from, to }) => from.startsWith('services/') && /^(gateway|wasm-filters)\//.test(to));
    expect(shown([...gatewayToServices, ...servicesToGateway])).toEqual([]);
  });

  it('what runs and finds Envoy knows nothing of what it serves', () => {
    expect(
      shown(product.filter(({ from, to, relative }) => relative && from.startsWith('gateway/envoy/') && !to.startsWith('gateway/envoy/'))),
    ).toEqual([]);
  });

  it('every service has the same inner files', () => {
    const missing = owners.flatMap((owner) =>
      ['main.ts', 'manifest.ts', 'composition.ts', 'service.ts', 'store', 'domain', 'migrations', 'README.md']
        .filter((name) => !existsSync(join(root, 'services', owner, name)))
        .map((name) => `services/${owner}/${name}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('what is exported', () => {
  /** Whose exports are read as a whole: the catalogue of SQL and the comparison of tables with migrations import every one. */
  const readWhole = /\/store\/|^services\/platform\/cloud\/spanner\/migrate\.ts$/;

  it('is imported by somebody', () => {
    const infra = globSync('deploy/infra/**/*.ts', { cwd: root }).filter((file) => !file.includes('node_modules'));
    const readers = [...files, ...infra];
    const wordsOf = new Map(readers.map((file) => [file, new Set(codeOf(file).match(/\b[A-Za-z_]\w*\b/g) ?? [])]));
    const unwanted = files
      .filter((file) => !/\.test\.ts$/.test(file) && !readWhole.test(file))
      .flatMap((file) =>
        [...codeOf(file).matchAll(/^export (?:abstract |async )?(?:const|function\*?|class|interface|type) (\w+)/gm)]
          .map(([, name]) => name!)
          .filter((name) => !readers.some((other) => other !== file && wordsOf.get(other)?.has(name)))
          .map((name) => `${file}: ${name}`),
      );
    expect(unwanted).toEqual([]);
  });
});

describe('the two times of docs/decisions/0011-identity-keeps-machine-time.md', () => {
  /** What reads the machine's clock although business time is beside it. */
  const machineTime: Readonly<Record<string, string>> = {
    'services/partner/identity-bindings.ts': 'partners, gateways and operators judge tokens and keys by their own clocks',
    'services/platform/cloud/identity/held-token.ts': 'tokens are made and judged in the machine’s time',
    'services/platform/cloud/previews/preview-directory.ts': 'it is the CPU that was away',
    'services/platform/cloud/events/outbox.ts': "a call's deadline is in the machine's time",
    'services/platform/cloud/spanner/migrate.ts': 'when a migration was applied: it is run by a deployment',
  };
  const readsClock = /\bDate\.now\b|\bnew Date(?:\(\)|(?!\())|\bDate\(\)|\bTemporal\.Now\b/;
  const owned = files.filter((file) => /^services\/(?!platform\/)|^services\/platform\/cloud\//.test(file) && !isTest(file));

  it.each(['Date.now()', 'now = Date.now', 'new Date()', 'new Date;', 'Date()', 'Temporal.Now.instant()'])('sees %s', (code) =>
    expect(code).toMatch(readsClock),
  );

  it.each(['new Date(0)', 'Date.parse(text)', 'const at: Date', 'instanceof Date'])('does not mind %s', (code) =>
    expect(code).not.toMatch(readsClock),
  );

  it("services read business time, and the machine's where there is a reason", () => {
    expect(owned.filter((file) => readsClock.test(codeOf(file))).toSorted()).toEqual(Object.keys(machineTime).toSorted());
  });

  it('business time is read where a service is wired, and set by nothing of the product', () => {
    const users = all
      .filter(({ from, to }) => to === 'services/platform/chassis/process/business-time.ts' && !isTest(from))
      .map(({ from }) => from);
    expect(users.filter((file) => file.startsWith('services/')).toSorted()).toEqual(
      owners.map((owner) => `services/${owner}/composition.ts`).toSorted(),
    );
    expect(files.filter((file) => codeOf(file).includes('setBusinessTimeAhead(')).filter((file) => !isTest(file))).toEqual([
      'deploy/local/shared/clock/follow-clock.ts',
      'services/platform/chassis/process/business-time.ts',
    ]);
  });
});
