import type { DescMethod, FileRegistry } from '@bufbuild/protobuf';
import { createFileRegistry } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import type { HttpRule } from '../../services/platform/contracts/gen/types/google/api/http_pb.js';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { type HttpTemplate, parseHttpTemplate, templateKey } from '../../services/platform/contracts/http-template.ts';
import { listMethods, type Method, readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';

/** The two gateways: people and partners come in at the edge, Google's triggers at jobs. */
export type Role = 'edge' | 'jobs';

/** Who calls through a gateway. ACCESS_SERVICE goes from service to service. */
export type GatewayAccess = 'public' | 'customer' | 'partner' | 'operator' | 'trigger';

/** A method that a gateway offers. */
export interface GatewayMethod {
  readonly desc: DescMethod;
  readonly grpcPath: string;
  /** The service that runs it, and the name of its cluster. */
  readonly workload: string;
  readonly access: GatewayAccess;
  /** With access "trigger" only. */
  readonly triggerKind: 'schedule' | 'subscription' | 'queue' | undefined;
  readonly deadlineMs: number;
  /** The largest request message, in bytes. */
  readonly maxRequestBytes: number;
  /** The reasons that it refuses with, beyond those that every method has. */
  readonly reasons: readonly string[];
  /** The primary binding first, then the additional ones. */
  readonly bindings: readonly RestBinding[];
}

/** One way to call a method by REST. */
export interface RestBinding {
  /** Upper case. */
  readonly httpMethod: string;
  readonly template: HttpTemplate;
  /** The field that the body is, "*" for every field that the path does not set, or "" for none. */
  readonly body: string;
  /** The field that the answer is; the whole message where it is "". */
  readonly responseBody: string;
}

/** Methods that no safe bootstrap can be made of. */
export class MethodError extends Error {
  override readonly name = 'MethodError';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`the protos do not make a gateway:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Detail types that services answer with. The transcoder drops the whole error body when one is missing from its descriptor set. */
const detailTypes = [
  'google.rpc.Status',
  'google.rpc.ErrorInfo',
  'google.rpc.BadRequest',
  'google.rpc.RetryInfo',
  'google.rpc.PreconditionFailure',
];

/**
 * The methods that a gateway offers, in the order of files and declarations.
 *
 * @throws MethodError with every fault of every method, of the other role's as well, so that both gateways fail on the same proto.
 */
export function listGatewayMethods(role: Role, registry: FileRegistry = createFileRegistry(readDescriptorSet())): GatewayMethod[] {
  const faults: string[] = detailTypes
    .filter((type) => registry.getMessage(type) === undefined)
    .map((type) => `${type} is missing from the descriptor set: errors that carry it would lose their body`);
  const offered: GatewayMethod[] = [];
  for (const method of listMethods(registry)) {
    try {
      const described = describe(method);
      if (described !== undefined) offered.push(described);
    } catch (error) {
      faults.push(`${method.grpcPath}: ${errorText(error)}`);
    }
  }
  faults.push(...findDuplicates(offered));
  if (faults.length > 0) throw new MethodError(faults);
  return offered.filter(({ access }) => (access === 'trigger') === (role === 'jobs'));
}

function describe({ desc, grpcPath, workload, policy, http, maxRequestBytes }: Method): GatewayMethod | undefined {
  if (policy === undefined) throw new Error('has no (kumiko.platform.v1.method) option, so nobody is allowed to call it');
  const access = accessName(policy.access);
  if (access === 'service') {
    if (http !== undefined) throw new Error('ACCESS_SERVICE methods are not behind a gateway: remove google.api.http');
    return undefined;
  }
  const triggerKind = policy.trigger?.kind.case;
  if ((access === 'trigger') !== (triggerKind !== undefined)) throw new Error('ACCESS_TRIGGER and the trigger option need each other');
  if (!serviceNames.includes(workload))
    throw new Error(`its package names the service "${workload}", which is not among ${serviceNames.join(', ')}`);
  const deadlineMs = policy.deadline === undefined ? 0 : durationMs(policy.deadline);
  if (deadlineMs <= 0) throw new Error('has no deadline');
  return {
    desc,
    grpcPath,
    workload,
    access,
    triggerKind,
    deadlineMs,
    maxRequestBytes,
    reasons: policy.reasons,
    bindings: http === undefined ? [] : listBindings(http),
  };
}

function accessName(access: Access): GatewayAccess | 'service' {
  switch (access) {
    case Access.PUBLIC:
      return 'public';
    case Access.CUSTOMER:
      return 'customer';
    case Access.PARTNER:
      return 'partner';
    case Access.OPERATOR:
      return 'operator';
    case Access.TRIGGER:
      return 'trigger';
    case Access.SERVICE:
      return 'service';
    default:
      throw new Error(`access ${Access[access] ?? access} has no provider of tokens`);
  }
}

function listBindings(rule: HttpRule): RestBinding[] {
  const { case: kind, value } = rule.pattern;
  if (kind === undefined || kind === 'custom') throw new Error('google.api.http needs get, put, post, delete or patch');
  const { body, responseBody } = rule;
  const own = { httpMethod: kind.toUpperCase(), template: parseHttpTemplate(value), body, responseBody };
  return [own, ...rule.additionalBindings.flatMap(listBindings)];
}

/** The transcoder makes both methods of a duplicate unreachable, without a word. */
function findDuplicates(methods: readonly GatewayMethod[]): string[] {
  const owners = new Map<string, string>();
  const faults: string[] = [];
  for (const { grpcPath, bindings } of methods) {
    for (const { httpMethod, template } of bindings) {
      const key = `${httpMethod} ${templateKey(template)}`;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, grpcPath);
      else faults.push(`${grpcPath}: ${key} is bound by ${owner} already, and the transcoder would make both unreachable`);
    }
  }
  return faults;
}
