/** The services of the platform. */
export const serviceNames = ['customer', 'partner', 'webhook', 'job'] as const;

/** A service of the platform. */
export type ServiceName = (typeof serviceNames)[number];
