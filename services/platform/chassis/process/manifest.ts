import type * as z from 'zod';
import type { Config } from './config.ts';

/** What the values of variables are made from, wherever the service runs. */
export interface Around {
  readonly project: string;
  /** Such as "asia-northeast1". */
  readonly region: string;
  /** The URL of a service by its name, or of a gateway ("jobs-gateway"), without a slash at its end. */
  urlOf(workload: string): string;
  /** The URL of every service, by name. */
  readonly serviceUrls: Readonly<Record<string, string>>;
  /** The URL of a method by REST at the edge gateway, as people and partners know it: "/kumiko.partner.v1.PartnerTokenService/ExchangeToken". */
  publicUrlOf(grpcPath: string): string;
  /** Where previews are told, where work may ask for them; undefined where it may not. */
  readonly controlPlaneUrl: string | undefined;
  /** The keys of partners' tokens, the one that signs first: versions of a Cloud KMS key, or files. */
  readonly partnerSigningKeys: readonly string[];
}

/** What there is besides on one machine. */
export interface LocalAround extends Around {
  /** A secret of this machine's state, always the same one for a name. */
  secret(name: string): string;
  /** The URL of an outside system that is played here, such as "payment_provider". */
  outsideUrl(system: string): string;
  /** host:port of the local Cloud Tasks. */
  readonly tasksAddress: string;
}

/** Where the value of a variable comes from in production. */
export type ProductionSource =
  /** From the environment's file, `settings.<service>.<VARIABLE>`: it differs between environments. */
  | { readonly setting: string }
  /** From Secret Manager, the newest version of this secret. */
  | { readonly secret: string }
  /** Made from what is around; undefined leaves the variable out. */
  | ((around: Around) => string | undefined);

/** An environment variable of one service. */
export interface Variable<T extends z.ZodType = z.ZodType> {
  /** What is accepted; say it in `.describe('…')`, for whoever gets it wrong. */
  readonly type: T;
  readonly local: (around: LocalAround) => string | undefined;
  readonly production: ProductionSource;
}

/** The variables that only this service has, by name. */
type Variables = Readonly<Record<string, Variable>>;

/** What a service says of itself beyond its protos. */
export interface Manifest<V extends Variables = Variables> {
  readonly variables: V;
  /** It issues partners' tokens: it may sign with their key. `keys` is the method that publishes the public ones, a JSON Web Key Set (RFC 7517). */
  readonly partnerTokens?: { readonly keys: string };
}

/** The types of a manifest's variables, as the configuration takes them. */
type ShapeOf<V extends Variables> = { readonly [K in keyof V]: V[K]['type'] };

/** What a service with this manifest reads from its environment. */
export type ConfigOf<M extends Manifest> = Config<ShapeOf<M['variables']>>;

/** The types of a manifest's variables. */
export function shapeOf<V extends Variables>({ variables }: Manifest<V>): ShapeOf<V> {
  return Object.fromEntries(Object.entries(variables).map(([name, { type }]) => [name, type])) as ShapeOf<V>;
}

/** Of a variable whose value is made in the same way everywhere. */
export function everywhere(value: (around: Around) => string): Pick<Variable, 'local' | 'production'> {
  return { local: value, production: value };
}
