import { type DescFile, getOption, hasOption } from '@bufbuild/protobuf';
import { resource } from './gen/types/google/api/resource_pb.js';

/** Tells the type of a resource by its name (AIP-122, AIP-123): "partner.kumiko.example/Deal" for "deals/x". Undefined for what has no such name. */
export type ResourceTypes = (name: string) => string | undefined;

const known = new Map<DescFile, ResourceTypes>();

/** The types of the resources that a file knows: its own, and those of the files that it imports from its package. */
export function resourceTypesOf(file: DescFile): ResourceTypes {
  let types = known.get(file);
  if (types === undefined) {
    const patterns = [file, ...file.dependencies.filter(({ proto }) => proto.package === file.proto.package)].flatMap(patternsOf);
    types = (name) => patterns.find(({ pattern }) => pattern.test(name))?.type;
    known.set(file, types);
  }
  return types;
}

function patternsOf({ messages }: DescFile): { readonly type: string; readonly pattern: RegExp }[] {
  return messages.flatMap((message) => {
    if (!hasOption(message, resource)) return [];
    const { type, pattern } = getOption(message, resource);
    // Ids are free of slashes, but for the last one of a name, which may be somebody else's.
    return pattern.map((text) => ({
      type,
      pattern: new RegExp(`^${text.replace(/\{\w+\}$/, '.+').replaceAll(/\{\w+\}/g, '[^/]+')}$`, 's'),
    }));
  });
}
