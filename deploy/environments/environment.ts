import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { audiences } from '../../gateway/openapi/audience.ts';
import { callingWorkloads, controlPlane } from '../../services/platform/contracts/identities.ts';
import { productFolder } from '../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { manifestOf } from './manifests.ts';
import { addressesNeeded, addressesOf } from './subnet-size.ts';

/** Every value carries an example, which the message about a wrong or missing one shows. */
const field = <T extends z.ZodType>(type: T, example: unknown): T => type.meta({ example }) as T;

const text = (pattern: RegExp, example: string) => field(z.string().regex(pattern), example);
const origin = (example: string) =>
  field(
    z.string().refine((url) => URL.canParse(url) && url.startsWith('https://') && new URL(url).origin === url, 'an https origin, no path'),
    example,
  );
const httpsUrl = (example: string) => field(z.url({ protocol: /^https$/ }), example);
const count = (example: number, min: number, max: number) => field(z.int().min(min).max(max), example);
const hostName = /^(?=.{4,253}$)([a-z0-9-]+\.)+[a-z]{2,}$/;
const emails = field(z.array(z.email()).min(1), ['operator@kumiko.example']);

const issuer = (example: string) =>
  field(
    z.strictObject({
      issuer: field(z.string().min(1), `https://${example}`),
      audience: field(z.string().min(1), 'kumiko-example'),
      jwksUri: httpsUrl(`https://${example}/jwks.json`),
    }),
    { issuer: `https://${example}`, audience: 'kumiko-example', jwksUri: `https://${example}/jwks.json` },
  );

const instancesExample = { min: 1, max: 20, concurrency: 80, cpu: 1, memory: '512Mi' };
const instances = field(
  z.strictObject({
    /** 0 scales to nothing between requests. */
    min: count(1, 0, 1000),
    max: count(20, 1, 1000),
    /** Requests and open streams at one time. Cloud Run's own limit is 1000. */
    concurrency: count(80, 1, 1000),
    /** vCPUs. Below 1 Cloud Run takes one request at a time. */
    cpu: count(1, 1, 8),
    memory: text(/^\d+(Mi|Gi)$/, '512Mi'),
  }),
  instancesExample,
);

/** What manifests ask for is there and right, and nothing else is. */
function checkSettings(settings: Readonly<Record<string, Readonly<Record<string, string>>>>, context: z.RefinementCtx): void {
  const known = new Set<string>();
  for (const service of serviceNames) {
    for (const [name, { type, production }] of Object.entries(manifestOf(service).variables)) {
      if (typeof production === 'function' || !('setting' in production)) continue;
      known.add(`${service}.${name}`);
      const result = type.safeParse(settings[service]?.[name]);
      if (result.success) continue;
      const message = `expected ${type.description ?? 'another value'}; an example: ${JSON.stringify(production.setting)}`;
      context.addIssue({ code: 'custom', path: [service, name], message });
    }
  }
  for (const [service, variables] of Object.entries(settings)) {
    for (const name of Object.keys(variables)) {
      const message = 'no manifest asks for it';
      if (!known.has(`${service}.${name}`)) context.addIssue({ code: 'custom', path: [service, name], message });
    }
  }
}

const schema = z
  .strictObject({
    project: text(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'kumiko-example'),
    /** Part of every service's URL, and of the names of Google's service agents. */
    projectNumber: text(/^\d{6,15}$/, '123456789012'),
    region: text(/^[a-z]+-[a-z]+\d+$/, 'asia-northeast1'),
    /** The API's host name. "candidate.<domain>" leads to the gateway revision that has no traffic yet. */
    domain: text(hostName, 'api.kumiko.example'),
    /** Who issues customers' tokens: Identity Platform of the project. Partners' are our own. */
    identity: field(
      z.strictObject({ customer: issuer('securetoken.google.com/kumiko-example') }),
      'customer: { issuer, audience, jwksUri }',
    ),
    /** Versions of the Cloud KMS key "partner-tokens", such as [2, 1]: the first signs, all are published. */
    partnerKeyVersions: field(z.array(z.int().min(1)).min(1), [1]),
    operatorEmails: emails,
    /** Exact origins of browser apps. */
    corsOrigins: field(z.array(origin('https://app.kumiko.example')), ['https://app.kumiko.example']),
    /** Whether anybody may ask the edge, and other services a service, for the description of the API (gRPC server reflection); the edge for its health, too. */
    introspection: field(z.boolean(), false),
    /** Whose OpenAPI documents anybody may read at the edge, with the page at /docs: customers, partners, operators. None where it is empty. */
    documents: field(z.array(z.enum(audiences)), ['partners']),
    /** Requests per second, of one gateway instance. */
    rateLimits: field(
      z.strictObject({
        clientPerSecond: count(50, 1, 1_000_000),
        callerPerSecond: count(20, 1, 1_000_000),
        anonymousPerSecond: count(1000, 1, 1_000_000),
      }),
      { clientPerSecond: 50, callerPerSecond: 20, anonymousPerSecond: 1000 },
    ),
    /** What manifests ask for with "setting", by service and variable. */
    settings: z.record(z.string(), z.record(z.string(), z.string().min(1))).superRefine(checkSettings),
    spanner: field(
      z.strictObject({
        instance: text(/^[a-z][a-z0-9-]{0,62}[a-z0-9]$/, 'kumiko'),
        database: text(/^[a-z][a-z0-9_-]{0,28}[a-z0-9]$/, 'kumiko'),
        config: text(/^[a-z0-9-]+$/, 'regional-asia-northeast1'),
        /** 1000 are a node. */
        processingUnits: field(z.int().min(100).multipleOf(100), 100),
        /** https://docs.cloud.google.com/spanner/docs/editions-overview */
        edition: field(z.enum(['STANDARD', 'ENTERPRISE', 'ENTERPRISE_PLUS']), 'STANDARD'),
      }),
      { instance: 'kumiko', database: 'kumiko', config: 'regional-asia-northeast1', processingUnits: 100, edition: 'STANDARD' },
    ),
    network: field(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('own'), subnetRange: field(z.cidrv4(), '10.8.0.0/22') }),
        z.strictObject({
          kind: z.literal('shared'),
          hostProject: text(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'network-host'),
          network: text(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'shared'),
          subnetwork: text(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'kumiko'),
          subnetRange: field(z.cidrv4(), '10.8.0.0/22'),
        }),
      ]),
      { kind: 'own', subnetRange: '10.8.0.0/22' },
    ),
    /** The sizes of each gateway and service. */
    instances: field(
      z.record(z.enum(callingWorkloads), instances),
      Object.fromEntries(callingWorkloads.map((name) => [name, instancesExample])),
    ),
    /** Where spans go: a collector beside each container, or one on GKE that private DNS names. */
    collector: field(
      z.discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('sidecar'),
          image: text(
            /^[a-z0-9.-]+\/[\w./-]+(:[\w.-]+|@sha256:[0-9a-f]{64})$/,
            'us-docker.pkg.dev/PROJECT/REPOSITORY/otelcol-google:0.131.0',
          ),
          cpu: text(/^(\d+m|\d+(\.\d+)?)$/, '1'),
          memory: text(/^\d+(Mi|Gi)$/, '256Mi'),
        }),
        z.strictObject({ kind: z.literal('gke'), address: field(z.ipv4(), '10.8.8.10') }),
      ]),
      { kind: 'gke', address: '10.8.8.10' },
    ),
    /** Who hears of alerts. */
    alertEmails: emails,
    github: field(
      z.strictObject({
        repository: text(/^[\w.-]+\/[\w.-]+$/, 'kumiko-example/kumiko'),
        /** The repository's environment whose workflows release here. */
        environment: text(/^[a-z][a-z0-9-]*$/, 'production'),
        /** Whether pull requests get revisions here, by the repository's environment "preview", and tokens may ask for them. */
        previews: field(z.boolean(), false),
      }),
      { repository: 'kumiko-example/kumiko', environment: 'production', previews: false },
    ),
    /** A VPC Service Controls perimeter around the project. It needs an organisation: leave it out without one. */
    perimeter: field(z.strictObject({ accessPolicy: text(/^\d+$/, '987654321'), mode: z.enum(['dry-run', 'enforced']) }), {
      accessPolicy: '987654321',
      mode: 'dry-run',
    }).optional(),
  })
  .superRefine(({ network, instances: workloads }, context) => {
    for (const [name, { min, max }] of Object.entries(workloads)) {
      if (min > max) context.addIssue({ code: 'custom', path: ['instances', name, 'min'], message: `is above max, ${max}` });
    }
    const needed = addressesNeeded(Object.values(workloads).map(({ max }) => max));
    if (addressesOf(network.subnetRange) < needed) {
      context.addIssue({
        code: 'custom',
        path: ['network', 'subnetRange'],
        message: `has ${addressesOf(network.subnetRange)} addresses, and instances.*.max need ${needed}`,
      });
    }
  });

/** One deployment: everything that the protos and the code do not say. */
export type Environment = Readonly<z.infer<typeof schema>>;

/** The sizes of a gateway or service. */
type Sizes = Environment['instances'][string];

/** One instance holds the streams of all gateways, and each change goes through it. */
const controlPlaneSizes: Sizes = { min: 1, max: 1, concurrency: 1000, cpu: 1, memory: '512Mi' };

/** The sizes of a workload. The environment was checked: it has every one. */
export function sizesOf({ instances }: Environment, workload: string): Sizes {
  if (workload === controlPlane) return controlPlaneSizes;
  const sizes = instances[workload];
  if (sizes === undefined) throw new TypeError(`the environment has no sizes of "${workload}"`);
  return sizes;
}

/** An environment that cannot be used: for the person who wrote it. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** Checks an environment. @throws EnvironmentError with each wrong or missing value by its path, and an example of it. */
export function parseEnvironment(value: unknown, source: string): Environment {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => {
    const example = exampleAt(path);
    return `  ${path.join('.') || '(top level)'}: ${message}${example === undefined ? '' : `; an example: ${JSON.stringify(example)}`}`;
  });
  throw new EnvironmentError(`${source} is not a deployment environment:\n${faults.join('\n')}`);
}

/** Reads deploy/environments/<name>.yaml. @throws EnvironmentError */
export function readEnvironment(name: string, folder: string = join(productFolder, 'deploy/environments')): Environment {
  const file = join(folder, `${name}.yaml`);
  if (!/^[a-z0-9-]+$/.test(name) || !existsSync(file)) {
    const entries = existsSync(folder) ? readdirSync(folder) : [];
    const known = entries.flatMap((entry) => (entry.endsWith('.yaml') ? [entry.slice(0, -'.yaml'.length)] : []));
    if (known.length === 0) throw new EnvironmentError(`there is no environment "${name}": ${folder} has none`);
    throw new EnvironmentError(`there is no environment "${name}" in deploy/environments; an example: ${known.join(', ')}`);
  }
  return parseEnvironment(parse(readFileSync(file, 'utf8')), `deploy/environments/${name}.yaml`);
}

/** The example of the value at a path; of the nearest one around it where it has none. */
function exampleAt(path: readonly PropertyKey[]): unknown {
  let type: z.core.$ZodType | undefined = schema;
  let example: unknown;
  for (const key of path) {
    type = memberOf(type, String(key));
    const meta = type && z.globalRegistry.get(type)?.['example'];
    if (meta !== undefined) example = meta;
  }
  return example;
}

function memberOf(type: z.core.$ZodType | undefined, key: string): z.core.$ZodType | undefined {
  if (type instanceof z.ZodOptional) return memberOf(type.unwrap(), key);
  if (type instanceof z.ZodObject) return type.shape[key];
  if (type instanceof z.ZodRecord) return type.valueType;
  if (type instanceof z.ZodArray) return type.element;
  if (type instanceof z.ZodDiscriminatedUnion)
    return type.options.map((option) => memberOf(option, key)).find((member) => member !== undefined);
  return undefined;
}
