import { type FileRegistry, getOption, hasOption } from '@bufbuild/protobuf';
import { resource } from '../../services/platform/contracts/gen/types/google/api/resource_pb.js';

/** What one of a collection is called, by the collection's segment: "deal" for "deals", as patterns of google.api.resource have it. */
export function resourceNames(registry: FileRegistry): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const type of registry) {
    if (type.kind !== 'message' || !hasOption(type, resource)) continue;
    for (const pattern of getOption(type, resource).pattern) {
      for (const [, collection = '', name = ''] of pattern.matchAll(/([^/{}]+)\/\{([^{}]+)\}/g)) names.set(collection, name);
    }
  }
  return names;
}
