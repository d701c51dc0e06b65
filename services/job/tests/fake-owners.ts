import { Metadata, type ServiceError, type status } from '@grpc/grpc-js';
import { ClientError } from '../../platform/contracts/client-error.ts';
import { serviceNames } from '../../platform/contracts/services.ts';
import type { Owners } from '../owners.ts';

/** An owner's answer over the wire. */
export function answered(code: status, details = ''): ClientError {
  const error: ServiceError = Object.assign(new Error(details), { code, details, metadata: new Metadata() });
  return new ClientError(error);
}

/** Owners that record what they are called with, as "customer.releaseHold", and answer as they are told; otherwise empty. */
export function fakeOwners(answers: Record<string, (request: unknown) => unknown> = {}) {
  const calls: { method: string; request: unknown }[] = [];
  // As a message has them that says nothing.
  const nothingDone = { published: 0, failed: 0, deleted: 0 };
  const owner = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, method: string) => async (request: unknown) => {
          calls.push({ method: `${name}.${method}`, request });
          return answers[`${name}.${method}`]?.(request) ?? nothingDone;
        },
      },
    );
  const maintenance = new Map(serviceNames.map((name) => [name, owner(name)]));
  const owners = { customer: owner('customer'), partner: owner('partner'), webhook: owner('webhook'), maintenance, close() {} };
  return { owners: owners as unknown as Owners, calls };
}

/** Throws an owner's answer. */
export function refusing(code: status, details?: string): () => never {
  return () => {
    throw answered(code, details);
  };
}
