import type { GatewayEnvironment, Preview } from './environment.ts';

/** Whether tokens can ask for previews at all. Where they cannot, nothing in the file knows of them. */
export function hasPreviews({ previews = [], strictPreviews = false }: GatewayEnvironment): boolean {
  return previews.length > 0 || strictPreviews;
}

/** The previews of these services. */
export function previewsOf({ previews = [] }: GatewayEnvironment, upstreams: readonly string[]): readonly Preview[] {
  return previews.filter(({ service }) => upstreams.includes(service));
}
