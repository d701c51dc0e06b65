import type { Logger } from 'pino';
import type { ChassisConfig } from '../process/config.ts';
import { handle } from '../server/handle.ts';
import type { Interceptor, Run, ServedMethod } from '../server/served-method.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createEndUsers } from '../trust/end-users.ts';
import { principalIdentifier } from '../trust/platform-identity.ts';
import { access } from './access.ts';
import { caller } from './caller.ts';
import { deadline } from './deadline.ts';
import { errors } from './errors.ts';
import { ifMatch } from './if-match.ts';
import { inboxLag } from './inbox-lag.ts';
import { logging } from './logging.ts';
import { pathBinding } from './path-binding.ts';
import { preview } from './preview.ts';
import { requestId } from './request-id.ts';
import { tracing } from './tracing.ts';
import { validation } from './validation.ts';

/** What the interceptors are made of. */
interface InterceptorOptions {
  /** The service's. */
  readonly name: string;
  readonly config: ChassisConfig;
  readonly logger: Logger;
  /** The logger's. */
  readonly destination: { write(line: string): void };
  readonly telemetry: Telemetry;
}

/** Makes the whole way of a call to a method's handler. */
export function methodRunner({ name, config, logger, destination, telemetry }: InterceptorOptions): (method: ServedMethod) => Run {
  const project = config.GOOGLE_CLOUD_PROJECT;
  const interceptors: readonly Interceptor[] = [
    // First, so that the span covers everything and all that follows can name the trace.
    tracing(telemetry),
    // Outside of errors: it tells the code that the client sees. Inside of tracing: it tells the span.
    logging({ service: name, project, logger, destination }),
    // Outside of everything that throws.
    errors,
    // Before the caller is known: reading an issuer's keys takes time too, and a client that goes away must not leave it behind.
    deadline(),
    // Before whatever refuses: who is refused is told by which revision.
    preview(config.K_REVISION ?? name),
    // Before access, which judges the caller.
    caller(principalIdentifier(project), createEndUsers(config)),
    // Before validation: who may not call learns nothing about the request, and costs no parsing.
    access(project),
    // Before validation, which sees what the transcoder has made of path and query.
    pathBinding,
    // Handlers see valid requests only.
    validation,
    // Behind validation, which has read the request: what a header says in the place of a field.
    ifMatch,
    requestId,
    // Next to the handler: what was refused before it was not handled.
    inboxLag(),
  ];
  return (method) => interceptors.reduceRight((next: Run, interceptor) => interceptor(next, method), handle(method));
}
