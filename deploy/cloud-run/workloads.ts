import { durationMs } from '@bufbuild/protobuf/wkt';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { audienceOf, controlPlane } from '../../services/platform/contracts/identities.ts';
import { listMethods, type Method } from '../../services/platform/contracts/methods.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';

/** What runs as a Cloud Run service. */
export type Workload = GatewayWorkload | ServiceWorkload | ControlPlaneWorkload;

interface WorkloadBase {
  readonly name: string;
  /** The methods that run in it, or pass through it. */
  readonly methods: readonly Method[];
  /** Its custom audience, the same for all its revisions. */
  audience(project: string): string;
}

/** An Envoy: it verifies tokens itself, so Cloud Run's own check, which would strip their signatures, is off. */
interface GatewayWorkload extends WorkloadBase {
  readonly kind: 'gateway';
  readonly role: 'edge' | 'jobs';
}

/** A gRPC service: Cloud Run's check lets its invokers in only. */
interface ServiceWorkload extends WorkloadBase {
  readonly kind: 'service';
}

/** It tells the gateways and the services which previews there are: one instance, always. */
interface ControlPlaneWorkload extends WorkloadBase {
  readonly kind: 'control-plane';
}

/**
 * Everything that runs, gateways first.
 *
 * @param previews whether tokens may ask for revisions: then there is a control plane.
 * @throws {Error} for a method that would run nowhere.
 */
export function listWorkloads(previews: boolean, methods: readonly Method[] = listMethods()): Workload[] {
  const homeless = methods.find(({ workload }) => !serviceNames.includes(workload));
  if (homeless !== undefined) {
    throw new Error(
      `${homeless.grpcPath}: its package names the service "${homeless.workload}", and those that are deployed are ${serviceNames.join(', ')}`,
    );
  }
  const through = (triggers: boolean) =>
    methods.filter(({ policy }) => policy?.access !== Access.SERVICE && (policy?.access === Access.TRIGGER) === triggers);
  return [
    gateway('edge', through(false)),
    gateway('jobs', through(true)),
    ...serviceNames.map(
      (name): ServiceWorkload => ({
        kind: 'service',
        name,
        methods: methods.filter(({ workload }) => workload === name),
        audience: (project) => audienceOf(name, project),
      }),
    ),
    ...(previews ? [controlPlaneWorkload] : []),
  ];
}

const controlPlaneWorkload: ControlPlaneWorkload = {
  kind: 'control-plane',
  name: controlPlane,
  methods: [],
  audience: (project) => audienceOf(controlPlane, project),
};

function gateway(role: GatewayWorkload['role'], methods: readonly Method[]): GatewayWorkload {
  return { kind: 'gateway', name: `${role}-gateway`, role, methods, audience: (project) => audienceOf(role, project) };
}

/** Whether it has the CPU during requests only. The gateways renew their tokens on ticks, and the control plane lists, between requests too. */
export function throttlesCpu({ kind }: Workload): boolean {
  return kind === 'service';
}

/** Cloud Run's longest request timeout. */
const longestTimeoutSeconds = 3600;

/**
 * The request timeout: a second more than whoever answers late. A service answers at the deadline, the gateway a second after it.
 *
 * @throws {Error} where a method may take longer than Cloud Run allows.
 */
export function timeoutSeconds({ kind, methods }: Workload): number {
  // Its streams are as long as may be.
  if (kind === 'control-plane') return longestTimeoutSeconds;
  const longest = Math.max(0, ...methods.map(deadlineSeconds));
  const timeout = Math.ceil(longest) + (kind === 'gateway' ? 2 : 1);
  if (timeout > longestTimeoutSeconds) {
    const tooLong = methods.find((method) => deadlineSeconds(method) === longest);
    throw new Error(
      `${tooLong?.grpcPath}: a deadline of ${longest} s needs a request timeout of ${timeout} s, and Cloud Run's longest is ${longestTimeoutSeconds} s`,
    );
  }
  return timeout;
}

function deadlineSeconds({ policy }: Method): number {
  return policy?.deadline === undefined ? 0 : durationMs(policy.deadline) / 1000;
}
