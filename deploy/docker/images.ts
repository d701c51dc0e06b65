import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';

/** Every image: one for each service, that of the control plane, and one for both gateways. */
export const images: readonly string[] = [...serviceNames, controlPlane, 'gateway'];
