import type { DescMethod } from '@bufbuild/protobuf';
import type { MethodPolicy } from './gen/types/kumiko/platform/v1/options_pb.js';
import { services } from './services.ts';

/** The package of what the platform itself says, and every service serves. */
const platformPackage = 'kumiko.platform.v1.';

/** The package of what the control plane serves. */
const controlPlanePackage = 'kumiko.platform.controlplane.';

/** Whether a gRPC service is the platform's own, which every service serves. */
export function isPlatformService(typeName: string): boolean {
  return typeName.startsWith(platformPackage);
}

/** Whether a gRPC service is the control plane's, which is no service of the product. */
export function isControlPlaneService(typeName: string): boolean {
  return typeName.startsWith(controlPlanePackage);
}

/**
 * The services that may call a method of ACCESS_SERVICE. The platform knows no service by name: its own methods are for those that have schedules, because what
 * is done at set times is done from there.
 */
export function callersOf(method: DescMethod, policy: MethodPolicy): readonly string[] {
  if (!isPlatformService(method.parent.typeName)) return policy.callers;
  return services.flatMap(({ name, maintains }) => (maintains ? [name] : []));
}
