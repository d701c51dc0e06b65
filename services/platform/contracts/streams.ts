import type { DescMethod } from '@bufbuild/protobuf';

/** Whether the client sends any number of requests in one call. */
export function streamsRequests({ methodKind }: DescMethod): boolean {
  return methodKind === 'client_streaming' || methodKind === 'bidi_streaming';
}

/** Whether the service sends any number of responses in one call. */
export function streamsResponses({ methodKind }: DescMethod): boolean {
  return methodKind === 'server_streaming' || methodKind === 'bidi_streaming';
}
