import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { audiences } from '../openapi/audience.ts';

const host = z.string().regex(/^[A-Za-z0-9.:-]+$/, 'a host name or an IP address');
const port = z.int().min(0).max(65535);
const perSecond = z.int().min(1).max(1_000_000);
const address = z.strictObject({ host, port });
const httpUrl = z.url({ protocol: /^https?$/ });
/** A URL as browsers write an origin: no path, because the route decides the path, and no trailing slash. */
const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text,
    'must be an origin such as "https://app.example.com"',
  );
const service = z.strictObject({ url: origin });
/** Every service of the protos, and no other. */
const serviceName = z.enum(serviceNames);
const fromTemplate = (value: unknown) =>
  typeof value === 'string' ? Object.fromEntries(serviceNames.map((name) => [name, { url: value.replaceAll('{service}', name) }])) : value;
const issuer = { issuer: z.string().min(1), jwksUri: httpUrl };

const schema = z
  .strictObject({
    /** Local upstreams are plaintext, production's are verified by TLS. */
    name: z.enum(['local', 'production']),
    /** The Google Cloud project: audiences and service accounts are derived from it. */
    project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'a Google Cloud project id'),
    /** Where clients connect. */
    listener: address,
    /** Envoy's admin port; loopback only, since it is not authenticated. */
    admin: z.strictObject({ host: z.literal('127.0.0.1'), port }),
    identity: z.strictObject({
      customer: z.strictObject({ ...issuer, audiences: z.array(z.string().min(1)).min(1) }),
      partner: z.strictObject({ ...issuer, audiences: z.array(z.string().min(1)).min(1) }),
      google: z.strictObject(issuer),
    }),
    /** Who may call ACCESS_OPERATOR methods. */
    operatorEmails: z.array(z.email()),
    /**
     * Where each service is: { customer: { url }, … }; or one text for all in which {service} stands for the name, such as
     * "https://{service}-1234567890-an.a.run.app".
     */
    services: z.preprocess(fromTemplate, z.record(serviceName, service)),
    /** Whether a token can ask for revisions of services, by the claim `kumiko_preview`: {"partner": "pr-123"}. */
    previews: z
      .strictObject({
        /** The origin of the control plane, which tells the gateway which revisions there are while it runs. */
        controlPlane: origin,
        /** Whether the edge refuses a token that asks for a preview which there is not. Otherwise it meets the default. */
        strict: z.boolean().optional(),
      })
      .optional(),
    /** Where the wasm filter fetches ID tokens. */
    metadataServer: address,
    /** The descriptor set, relative to Envoy's working directory, or absolute. */
    descriptorFile: z.string().min(1),
    /** The folder of the built filters, relative to Envoy's working directory, or absolute. */
    wasmDir: z.string().min(1),
    /** Exact origins of browser apps, such as "https://app.example.com". Empty leaves CORS out. */
    corsOrigins: z.array(origin),
    /** Proxies in front whose X-Forwarded-For entry is believed: 1 for a bare run.app URL, 2 behind the external load balancer. */
    trustedHops: z.int().min(0).max(10),
    /** Requests per second of one gateway instance: each client address, each verified caller, all without a caller. Absent: no limit. */
    rateLimits: z.strictObject({ clientPerSecond: perSecond, callerPerSecond: perSecond, anonymousPerSecond: perSecond }).optional(),
    /** Whether JSON responses are compressed: not where bytes are free and time is not. */
    compression: z.boolean(),
    /** The OpenTelemetry collector (OTLP over gRPC, plaintext: a sidecar). Without it nothing is traced. */
    otelCollector: z
      .strictObject({
        ...address.shape,
        /** Of the traces that the gateway begins, so many are kept; 10 without it. A client's own decision is followed always. */
        samplingPercent: z.number().min(0).max(100).optional(),
      })
      .optional(),
    /**
     * The service that answers server reflection and gRPC health checks of whoever reaches the edge; its REFLECTION is on. Without it the edge knows
     * neither.
     */
    introspection: serviceName.optional(),
    /**
     * Whose documents of the API the edge shows to whoever reaches it, with the page that reads them, and the folder that they lie in, relative to Envoy's
     * working directory, or absolute. Without it the edge shows none.
     */
    documents: z.strictObject({ folder: z.string().min(1), audiences: z.array(z.enum(audiences)).min(1) }).optional(),
    /** The file of CA certificates that upstream TLS is checked with. */
    trustedCaFile: z.string().min(1).optional(),
  })
  .superRefine((environment, context) => {
    const need = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (environment.name === 'local') return;
    if (environment.trustedCaFile === undefined) need(['trustedCaFile'], 'required in production: without it Envoy checks no certificate');
    for (const [name, { url }] of Object.entries(environment.services)) {
      if (!url.startsWith('https:')) need(['services', name, 'url'], 'https:// is required in production');
    }
    if (environment.previews?.controlPlane.startsWith('https:') === false)
      need(['previews', 'controlPlane'], 'https:// is required in production');
    for (const [name, { jwksUri }] of Object.entries(environment.identity)) {
      if (!jwksUri.startsWith('https:')) need(['identity', name, 'jwksUri'], 'https:// is required in production');
    }
  });

/** What one deployment of the gateways differs in. Everything else comes from the protos. */
export type GatewayEnvironment = Readonly<z.infer<typeof schema>>;

/** Whether tokens can ask for previews at all. Where they cannot, nothing in the file knows of them. */
export function hasPreviews({ previews }: GatewayEnvironment): boolean {
  return previews !== undefined;
}

/** Where a service is. The environment was checked: it has every service. */
export function upstreamUrl({ services }: Pick<GatewayEnvironment, 'services'>, name: string): string {
  const service = services[name];
  if (service === undefined) throw new TypeError(`the environment has no URL of "${name}"`);
  return service.url;
}

/**
 * Checks an environment.
 *
 * @param source what to name in the message, such as a file.
 * @throws GatewayEnvironmentError with every fault, each with its path.
 */
export function parseGatewayEnvironment(value: unknown, source: string): GatewayEnvironment {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new GatewayEnvironmentError(
    source,
    result.error.issues.map(({ path, message }) => `${path.join('.') || '(top level)'}: ${message}`),
  );
}

/** Reads and checks an environment file (YAML). */
export function readGatewayEnvironment(file: string): GatewayEnvironment {
  return parseGatewayEnvironment(parse(readFileSync(file, 'utf8')), file);
}

/** An environment that cannot be used. */
export class GatewayEnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly faults: readonly string[];
  constructor(source: string, faults: readonly string[]) {
    super(`${source} is not a gateway environment:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}
