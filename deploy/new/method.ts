import { UsageError } from '../../services/platform/tools/command-line.ts';
import { addMethod } from './add-method.ts';
import type { Changes } from './changes.ts';
import { parseRoute } from './http-path.ts';
import type { Product } from './product.ts';

/** Who may be let in at the edge, and the caller that a test is. Services call each other by methods without a route. */
const accesses = {
  public: { caller: `{ kind: 'public' }`, who: 'for anybody' },
  customer: { caller: `{ kind: 'customer', id: 'alice' }`, who: 'for customers' },
  partner: { caller: `{ kind: 'partner', id: 'acme' }`, who: 'for partners' },
  operator: { caller: `{ kind: 'operator', email: 'operator@kumiko.example' }`, who: 'for operators' },
} as const;

/** What the command line says. */
interface MethodCommand {
  readonly service: string;
  readonly name: string;
  readonly verb: string;
  readonly path: string;
  readonly access: string | undefined;
  readonly deadline: string | undefined;
  readonly grpcService: string | undefined;
}

/** `new method`: a method that is called by REST and gRPC at the edge. @throws {Refusal} */
export function newMethod(product: Product, command: MethodCommand): Changes {
  const { service, name, grpcService } = command;
  const route = parseRoute(command.verb, command.path);
  const access = accessOf(command.access);
  const deadlineSeconds = secondsOf(command.deadline ?? (route.verb === 'GET' ? '5s' : '10s'));
  return addMethod(product, {
    ...{ service, name, grpcService, route },
    caller: accesses[access].caller,
    reachedBy: `${route.verb} \`${route.path}\`, ${accesses[access].who} through the edge gateway`,
    proto: () => ({
      comment: 'To be written: what it does.',
      access: `ACCESS_${access.toUpperCase()}`,
      deadlineSeconds,
      requestComment: 'To be written: what is asked.',
      responseComment: 'To be written: what is answered.',
    }),
  });
}

/** @throws {UsageError} */
function accessOf(access: string | undefined): keyof typeof accesses {
  if (access !== undefined && isAccess(access)) return access;
  const fault = access === undefined ? 'nobody may call a method that does not say who may' : `"${access}" is nobody`;
  throw new UsageError(`${fault}: --access is one of ${Object.keys(accesses).join(', ')}`);
}

function isAccess(name: string): name is keyof typeof accesses {
  return Object.hasOwn(accesses, name);
}

/** @throws {UsageError} */
function secondsOf(deadline: string): number {
  const seconds = Number(/^([1-9]\d*)s$/.exec(deadline)?.[1]);
  if (seconds <= 3600) return seconds;
  throw new UsageError(`"${deadline}" cannot be a deadline: write seconds, from 1s to 3600s`);
}
