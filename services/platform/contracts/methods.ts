import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  type DescMethod,
  type DescService,
  type FileRegistry,
  fromBinary,
  getOption,
  hasOption,
} from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { isPlatformService } from './callers.ts';
import { descriptorFile } from './descriptor-file.ts';
import { http as httpExtension } from './gen/types/google/api/annotations_pb.js';
import type { HttpRule } from './gen/types/google/api/http_pb.js';
import { type MethodPolicy, method as policyExtension } from './gen/types/kumiko/platform/v1/options_pb.js';
import { defaultMaxRequestBytes } from './request-size.ts';
import { product, serviceNames } from './services.ts';

/** Reads the descriptor set: every proto of ours and of third parties, error details included. */
export function readDescriptorSet(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, readFileSync(descriptorFile));
}

/** One of our methods with what its options say. */
export interface Method {
  /** The descriptor. */
  readonly desc: DescMethod;
  /** The gRPC path, such as "/kumiko.customer.v1.CustomerService/GetDeal". */
  readonly grpcPath: string;
  /** The Cloud Run service that runs it: the second segment of its package, such as "customer". */
  readonly workload: string;
  /** Access, deadline, trigger; undefined where the method has no such option, which denies every caller. */
  readonly policy: MethodPolicy | undefined;
  /** REST binding, where there is one. */
  readonly http: HttpRule | undefined;
  /** The largest request message, in bytes. */
  readonly maxRequestBytes: number;
}

/**
 * The methods of every gRPC service of the product in the registry, in the order of files and declarations. The platform's own run in every service: those
 * come once for each.
 */
export function listMethods(registry: FileRegistry = createFileRegistry(readDescriptorSet())): Method[] {
  const methods: Method[] = [];
  for (const type of registry) {
    if (type.kind !== 'service') continue;
    if (isPlatformService(type.typeName)) {
      methods.push(...serviceNames.flatMap((workload) => type.methods.map((desc) => ({ ...describeMethod(desc), workload }))));
    } else if (type.typeName.startsWith(`${product}.`) && serviceNames.includes(workloadOf(type))) {
      methods.push(...type.methods.map(describeMethod));
    }
  }
  return methods;
}

/** What the options of one method say. */
export function describeMethod(desc: DescMethod): Method {
  const policy = hasOption(desc, policyExtension) ? getOption(desc, policyExtension) : undefined;
  return {
    desc,
    grpcPath: grpcPath(desc),
    workload: workloadOf(desc.parent),
    policy,
    maxRequestBytes: policy === undefined || policy.maxRequestBytes === 0 ? defaultMaxRequestBytes : policy.maxRequestBytes,
    http: hasOption(desc, httpExtension) ? getOption(desc, httpExtension) : undefined,
  };
}

/** The name of the Cloud Run service that runs a gRPC service: "customer" for kumiko.customer.v1. */
export function workloadOf(service: DescService): string {
  return service.file.proto.package.split('.')[1] ?? '';
}

/** The path that a gRPC client calls. */
export function grpcPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
