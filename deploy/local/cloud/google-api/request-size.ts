import type { ServiceDefinition } from '@grpc/grpc-js';

const bytesOf = new WeakMap<object, number>();

/** The service, with requests that `requestBytes` knows the size of: Google's limits are about what travels, and a decoded request no longer tells. */
export function measured(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer) => {
      const request = method.requestDeserialize(bytes);
      bytesOf.set(request, bytes.length);
      return request;
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  return Object.fromEntries(methods);
}

/** How many bytes a request had on the wire; 0 for one that came by no measured service. */
export function requestBytes(request: object): number {
  return bytesOf.get(request) ?? 0;
}
