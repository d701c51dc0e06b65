import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { genFolder } from './product-folder.ts';

/** Who may call a method, as kumiko.platform.v1.Access has it, without its prefix. */
export type AccessName = 'public' | 'customer' | 'partner' | 'operator' | 'trigger' | 'service';

/** A method as proto-loader reads it off the descriptor set, without its messages. */
export interface ServedMethodDefinition {
  readonly name: string;
  /** Such as "/kumiko.customer.v1.CustomerService/GetDeal". */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The largest request message, in bytes. */
  readonly maxRequestBytes: number;
  /** Who may call it. */
  readonly access: AccessName;
  /** Its google.api.http option, such as { verb: "get", path: "/v1/deals" }, where it has one. */
  readonly rest?: { readonly verb: string; readonly path: string };
}

/** A gRPC service and its methods. */
export interface GrpcService {
  /** Such as "kumiko.customer.v1.CustomerService". */
  readonly typeName: string;
  readonly methods: readonly ServedMethodDefinition[];
}

/** What runs as a service of its own on Cloud Run: a proto package and the folder of the same name below services/. */
export interface Service {
  /** "customer" for the package kumiko.customer.v1: also its database schema, and part of its account, its audience and its URL. */
  readonly name: string;
  /** Those of its package. */
  readonly grpcServices: readonly GrpcService[];
  /** The Pub/Sub topics that it alone publishes to. */
  readonly publishes: readonly string[];
  /** Whether it may call the platform's own methods in every service: it has schedules, and what is done at set times is done from there. */
  readonly maintains: boolean;
}

/** What the build derives from the protos of a product: who reads this list needs no other. */
export interface ServiceList {
  /** The first segment of the product's proto packages, such as "kumiko": the prefix of what it names in a cloud. */
  readonly product: string;
  readonly services: readonly Service[];
  /** The gRPC services that the platform gives to every service. */
  readonly platformServices: readonly GrpcService[];
  /** Those of the control plane. */
  readonly controlPlaneServices: readonly GrpcService[];
}

/** Where `npm run build` writes the list. Made there, because running proto-loader at every start would take ten times as long as binding a port. */
const serviceListFile = join(genFolder, 'services.json');

const list = JSON.parse(readFileSync(serviceListFile, 'utf8')) as ServiceList;

/** The product's name, such as "kumiko". */
export const product: string = list.product;

/** Every service of the product, by name. */
export const services: readonly Service[] = list.services;

/** The names of all services, in alphabetical order. */
export const serviceNames: readonly string[] = services.map(({ name }) => name);

/** The Pub/Sub topics that carry the services' events. */
export const eventTopics: readonly string[] = services.flatMap(({ publishes }) => publishes);

/** The gRPC services that run in a service: its package's, and the platform's. Enough to bind a port for them. */
export function servedBy(name: string): readonly GrpcService[] {
  const service = services.find((candidate) => candidate.name === name);
  return service === undefined ? [] : [...service.grpcServices, ...list.platformServices];
}

/** One method of a gRPC service of ours. @throws {Error} for another one, or where the build is of other protos. */
export function grpcMethod(typeName: string, name: string): ServedMethodDefinition {
  const all = [...services.flatMap(({ grpcServices }) => grpcServices), ...list.platformServices, ...list.controlPlaneServices];
  const found = all.find((candidate) => candidate.typeName === typeName)?.methods.find((method) => method.name === name);
  if (found === undefined) throw new Error(`${typeName}/${name} is not in ${serviceListFile}: run "npm run build"`);
  return found;
}
