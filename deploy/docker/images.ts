/** The services, each an image of its own. */
export const serviceImages = ['customer', 'partner', 'webhook', 'job'] as const;

/** A service with an image. */
export type ServiceImage = (typeof serviceImages)[number];

/** Every image: the services' and one for both gateways. */
export const images = [...serviceImages, 'gateway'] as const;

/** An image. */
export type Image = (typeof images)[number];
