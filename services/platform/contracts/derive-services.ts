import { createFileRegistry, type DescFile, type DescMethod, type DescService, getOption, hasOption } from '@bufbuild/protobuf';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { loadFileDescriptorSetFromBuffer, type MethodDefinition, type PackageDefinition } from '@grpc/proto-loader';
import { defaultMaxRequestBytes } from './request-size.ts';
import { ServiceListError } from './service-folders.ts';
import { nameFault } from './service-name.ts';
import type { AccessName, GrpcService, ServedMethodDefinition, Service, ServiceList } from './services.ts';
import { streamsRequests } from './streams.ts';

type MethodPolicy = import('./gen/types/kumiko/platform/v1/options_pb.js').MethodPolicy;

/** The options of kumiko/platform/v1/options.proto, of the same build as the descriptor set. */
export type PlatformOptions = typeof import('./gen/types/kumiko/platform/v1/options_pb.js');

/** The option google.api.http. */
export type HttpOption = typeof import('./gen/types/google/api/annotations_pb.js').http;

/** What the list of services is derived from. */
interface ProtoSource {
  readonly set: FileDescriptorSet;
  /** The same, as bytes. */
  readonly bytes: Uint8Array;
  readonly options: PlatformOptions;
  /** google.api.http, of the same build. */
  readonly http: HttpOption;
  /** The names of the files that are the product's own or the platform's, such as "kumiko/job/v1/job.proto": not those of third parties. */
  readonly ownFiles: ReadonlySet<string>;
}

const platformPackage = /^kumiko\.platform\.v\d+$/;
const controlPlanePackage = /^kumiko\.platform\.controlplane\.v\d+$/;
const isPlatforms = ({ proto }: DescFile) => platformPackage.test(proto.package) || controlPlanePackage.test(proto.package);
/** The version may be missing, as in protos that are older than their platform: whether it has to be there is a matter for lint. */
const servicePackage = /^([a-z][a-z0-9]*)\.(?!v\d+$)([a-z][a-z0-9]*)(?:\.v\d+)?$/;

/**
 * Derives which services there are: each proto package that has gRPC services is one.
 *
 * @throws {ServiceListError} with every fault: a method without access, callers that do not exist, a topic that
 * nobody or two publish to.
 */
export function deriveServices({ set, bytes, options, http, ownFiles }: ProtoSource): ServiceList {
  const registry = createFileRegistry(set);
  const files = [...registry.files].filter((file) => ownFiles.has(`${file.name}.proto`));
  const described = files.flatMap((file) => file.services);
  const definitions = loadFileDescriptorSetFromBuffer(Buffer.from(bytes));
  const grpcService = (service: DescService): GrpcService => ({
    typeName: service.typeName,
    methods: service.methods.map((method) => {
      const { path, requestStream, responseStream } = loadedMethod(definitions, method);
      const policy = policyOf(method);
      return {
        name: method.name,
        path,
        requestStream,
        responseStream,
        maxRequestBytes: policy?.maxRequestBytes || defaultMaxRequestBytes,
        // Another one is a fault, and told below.
        access: options.Access[policy?.access ?? 0]!.toLowerCase() as AccessName,
        ...restOf(method, http),
      };
    }),
  });
  const policyOf = (method: DescMethod) => (hasOption(method, options.method) ? getOption(method, options.method) : undefined);

  const faults: string[] = [];
  const byName = new Map<string, { grpcServices: DescService[]; publishes: string[] }>();
  const products = new Set<string>();
  for (const file of files) {
    const [, product, name] = servicePackage.exec(file.proto.package) ?? [];
    if (isPlatforms(file)) continue;
    if (product === undefined || name === undefined) {
      faults.push(`${file.name}.proto: the package is named like "shop.orders.v1", not "${file.proto.package}"`);
      continue;
    }
    products.add(product);
    const publishes = topicsOf(file, options);
    if (file.services.length === 0 && publishes.length === 0) continue;
    const entry = byName.get(name) ?? { grpcServices: [], publishes: [] };
    entry.grpcServices.push(...file.services);
    entry.publishes.push(...publishes);
    byName.set(name, entry);
  }
  const [product = '', ...otherProducts] = products;
  if (product === '' || otherProducts.length > 0)
    faults.push(`the packages of one product begin with one name, not with ${[...products].join(', ') || 'none'}`);

  const names = [...byName.keys()].toSorted();
  faults.push(...names.flatMap((name) => nameFault(name, product) ?? []));
  for (const method of described.flatMap((service) => service.methods)) {
    const path = `${method.parent.typeName}/${method.name}`;
    const policy = policyOf(method);
    if ((policy?.access ?? options.Access.UNSPECIFIED) === options.Access.UNSPECIFIED)
      faults.push(`${path}: no access option says who may call it`);
    if (isPlatforms(method.parent.file)) {
      if ((policy?.callers.length ?? 0) > 0)
        faults.push(`${path}: a method of the platform names no callers: who has schedules may call it`);
    } else if (policy?.access === options.Access.SERVICE && policy.callers.length === 0) {
      faults.push(`${path}: ACCESS_SERVICE without callers: nobody may call it`);
    }
    if (streamsRequests(method) && hasOption(method, http))
      faults.push(`${path}: takes a stream of requests, and REST has none: leave google.api.http out`);
    if (policy?.deadline === undefined) faults.push(`${path}: no deadline says how long it may take`);
    for (const caller of policy?.callers ?? []) {
      if (!byName.has(caller)) faults.push(`${path}: its caller "${caller}" is no service; there are ${names.join(', ')}`);
    }
  }
  faults.push(...topicFaults(byName, registry, options), ...subscriptionFaults(described, byName, policyOf));
  if (faults.length > 0) throw new ServiceListError(faults);

  const byNames = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const services = byNames.map(([name, { grpcServices, publishes }]): Service => {
    const maintains = grpcServices.some((service) => service.methods.some((method) => policyOf(method)?.trigger?.kind.case === 'schedule'));
    return { name, grpcServices: grpcServices.map(grpcService), publishes: publishes.toSorted(), maintains };
  });
  const ofPackage = (pattern: RegExp) => described.filter(({ file }) => pattern.test(file.proto.package)).map(grpcService);
  const [platformServices, controlPlaneServices] = [ofPackage(platformPackage), ofPackage(controlPlanePackage)];
  return { product, services, platformServices, controlPlaneServices };
}

/** What proto-loader has read of a method. */
function loadedMethod(definitions: PackageDefinition, { parent, name }: DescMethod): MethodDefinition<object, object> {
  const service = definitions[parent.typeName];
  // Messages and enums have a format, services have not.
  const method = service === undefined || 'format' in service ? undefined : service[name];
  if (method === undefined) throw new TypeError(`the descriptor set has no method ${parent.typeName}/${name}`);
  return method;
}

function restOf(method: DescMethod, http: HttpOption): Pick<ServedMethodDefinition, 'rest'> {
  const pattern = hasOption(method, http) ? getOption(method, http).pattern : undefined;
  if (pattern?.case === undefined || pattern.case === 'custom') return {};
  return { rest: { verb: pattern.case, path: pattern.value } };
}

function topicsOf(file: DescFile, { publishes }: PlatformOptions): string[] {
  return hasOption(file, publishes) ? getOption(file, publishes) : [];
}

/** Every topic that a method subscribes to has a publisher. */
function subscriptionFaults(
  described: readonly DescService[],
  services: ReadonlyMap<string, { readonly publishes: readonly string[] }>,
  policyOf: (method: DescMethod) => MethodPolicy | undefined,
): string[] {
  const published = new Set([...services.values()].flatMap(({ publishes }) => publishes));
  return described
    .flatMap((service) => service.methods)
    .flatMap((method) => {
      const kind = policyOf(method)?.trigger?.kind;
      const topics = kind?.case === 'subscription' ? kind.value.topic : [];
      return topics
        .filter((topic) => !published.has(topic))
        .map((topic) => `${method.parent.typeName}/${method.name}: nobody publishes to its topic "${topic}"`);
    });
}

/** Every topic that a payload names has one publisher, and the reverse. */
function topicFaults(
  services: ReadonlyMap<string, { readonly publishes: readonly string[] }>,
  registry: ReturnType<typeof createFileRegistry>,
  { topic: topicOption }: PlatformOptions,
): string[] {
  const publishers = new Map<string, string>();
  const faults: string[] = [];
  for (const [name, { publishes }] of services) {
    for (const topic of publishes) {
      const other = publishers.get(topic);
      if (other === undefined) publishers.set(topic, name);
      else faults.push(`the topic "${topic}" is published by ${other} and ${name}: one of them has to let it be`);
    }
  }
  const named = new Set<string>();
  for (const type of registry) {
    if (type.kind !== 'message' || !hasOption(type, topicOption)) continue;
    const topic = getOption(type, topicOption);
    if (!named.has(topic) && !publishers.has(topic))
      faults.push(
        `${type.typeName}: nobody publishes to its topic "${topic}": say so with (kumiko.platform.v1.publishes) in a service's proto`,
      );
    named.add(topic);
  }
  for (const [topic, name] of publishers) {
    if (!named.has(topic)) faults.push(`${name} publishes to "${topic}", and no message has this topic`);
  }
  return faults;
}
