import { serviceNames } from '../../services/platform/contracts/services.ts';

/** Every image: one for each service, and one for both gateways. */
export const images: readonly string[] = [...serviceNames, 'gateway'];
