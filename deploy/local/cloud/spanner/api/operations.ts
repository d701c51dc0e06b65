import { randomUUID } from 'node:crypto';
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { LRUCache } from 'lru-cache';
import { statusOf, unary } from './grpc-handlers.ts';
import type { google } from './spanner-api.ts';
import { notFound, SpannerFailure } from './spanner-failure.ts';

/** A google.protobuf.Any as protobufjs writes it: the message beside its type. */
type AnyMessage = { readonly '@type': string };

const KEPT_OPERATIONS = 100;

/** Long-running operations. Everything here is done when it answers; they are kept for clients that ask once more. */
export class Operations {
  readonly #operations = new LRUCache<string, object>({ max: KEPT_OPERATIONS });

  /**
   * Runs what an admin method does and answers with its finished operation, failed or not.
   *
   * @param parent The resource that the operation is of.
   * @param id Chosen by the client, or empty.
   */
  async run(
    parent: string,
    id: string | null | undefined,
    metadata: AnyMessage,
    work: () => AnyMessage | Promise<AnyMessage>,
  ): Promise<object> {
    const name = `${parent}/operations/${id || `_auto_${randomUUID()}`}`;
    if (this.#operations.has(name)) throw new SpannerFailure(status.ALREADY_EXISTS, `Operation already exists: ${name}`);
    let operation: object;
    try {
      operation = { name, metadata, done: true, response: await work() };
    } catch (error) {
      const { code, message } = statusOf(error);
      operation = { name, metadata, done: true, error: { code, message } };
    }
    this.#operations.set(name, operation);
    return operation;
  }

  /** google.longrunning.Operations, as far as a client asks for it. */
  service(): UntypedServiceImplementation {
    return {
      GetOperation: unary((request: google.longrunning.IGetOperationRequest) => {
        const operation = this.#operations.get(request.name ?? '');
        if (operation === undefined) throw notFound(`Operation not found: ${request.name}`);
        return operation;
      }),
    };
  }
}
