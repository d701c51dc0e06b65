import type { JsonRoute } from '../../shared/http/json-server.ts';
import type { Inspected } from './start-inspect.ts';

/** What the local cloud has in hand. */
export function deliveryRoutes(_: Inspected): JsonRoute[] {
  return [];
}
