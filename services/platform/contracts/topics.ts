import { createFileRegistry, type FileRegistry, getOption, hasOption } from '@bufbuild/protobuf';
import { topic as topicOption } from './gen/types/kumiko/platform/v1/options_pb.js';
import { readDescriptorSet } from './methods.ts';

/** The Pub/Sub topics that the event payloads name, each once. */
export function eventTopics(registry: FileRegistry = createFileRegistry(readDescriptorSet())): string[] {
  const topics = new Set<string>();
  for (const type of registry) {
    if (type.kind === 'message' && hasOption(type, topicOption)) topics.add(getOption(type, topicOption));
  }
  return [...topics];
}
