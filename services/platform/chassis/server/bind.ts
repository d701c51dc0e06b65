import type { DescService } from '@bufbuild/protobuf';
import type { Handlers } from './call.ts';

/** A gRPC service with its handlers. */
export interface Binding {
  readonly service: DescService;
  readonly handlers: Readonly<Record<string, (...args: never[]) => unknown>>;
}

/** Joins a service with its handlers, one for each method. */
export function bind<S extends DescService>(service: S, handlers: Handlers<S>): Binding {
  return { service, handlers: handlers as unknown as Binding['handlers'] };
}
