import type { DescService } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { RpcError } from '../chassis/errors/rpc-error.ts';
import { type RunningService, startService } from '../chassis/process/start-service.ts';
import { bind } from '../chassis/server/bind.ts';
import type { Handlers } from '../chassis/server/call.ts';
import { type Client, createClient } from '../contracts/client.ts';
import { MaintenanceService } from '../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { audienceOf, internalDomain, type Principal, serviceAccountEmail } from '../contracts/identities.ts';
import { DeskService } from './fixture/gen/types/sample/desk/v1/desk_pb.js';
import { LibraryInternalService, LibraryService } from './fixture/gen/types/sample/library/v1/library_pb.js';

export const project = 'kumiko-test';
export const customerIssuer = `https://securetoken.google.com/${project}`;
export const partnerIssuer = `https://partner.${project}.${internalDomain}`;
export const googleIssuer = 'https://accounts.google.com';

/** A whole environment with an issuer's keys for everyone. */
export function testEnv(jwksUri: string): Record<string, string> {
  return {
    PORT: '0',
    HOST: '127.0.0.1',
    GOOGLE_CLOUD_PROJECT: project,
    SPANNER_INSTANCE: 'test',
    SPANNER_DATABASE: 'test',
    CUSTOMER_ISSUER: customerIssuer,
    CUSTOMER_AUDIENCE: project,
    CUSTOMER_JWKS_URI: jwksUri,
    PARTNER_ISSUER: partnerIssuer,
    PARTNER_AUDIENCE: audienceOf('edge', project),
    PARTNER_JWKS_URI: jwksUri,
    GOOGLE_ISSUER: googleIssuer,
    GOOGLE_JWKS_URI: jwksUri,
    OPERATOR_EMAILS: 'operator@kumiko.example',
  };
}

/** Handlers of a whole service: those that a test is not about answer UNIMPLEMENTED. */
export function stub<S extends DescService>(service: S, handlers: Partial<Handlers<S>>): Handlers<S> {
  const none = async () => {
    throw new RpcError({ code: status.UNIMPLEMENTED, reason: 'INTERNAL', message: 'this test has no such handler' });
  };
  return { ...Object.fromEntries(service.methods.map((method) => [method.localName, none])), ...handlers } as Handlers<S>;
}

/** What a test service does. */
interface TestServiceOptions {
  readonly env: Record<string, string>;
  readonly name?: 'library' | 'desk';
  readonly library?: Partial<Handlers<typeof LibraryService>>;
  readonly internal?: Partial<Handlers<typeof LibraryInternalService>>;
  readonly desk?: Partial<Handlers<typeof DeskService>>;
  readonly maintenance?: Partial<Handlers<typeof MaintenanceService>>;
  /** Awaited before the handlers are there. */
  readonly before?: Promise<void>;
  readonly close?: () => Promise<void>;
}

/** A real server with the whole chassis, in this process. */
export interface TestService extends RunningService {
  readonly url: string;
  /** The log so far. */
  readonly lines: () => Record<string, unknown>[];
}

/** Starts a service of the fixture with stub handlers on a free port. The list of services has to be the fixture's: see KUMIKO_PRODUCT in vitest.config.ts. */
export async function startTestService({ name = 'library', env, before, close, ...handlers }: TestServiceOptions): Promise<TestService> {
  const written: string[] = [];
  const start = async () => {
    await before;
    const bindings = {
      library: [
        bind(LibraryService, stub(LibraryService, handlers.library ?? {})),
        bind(LibraryInternalService, stub(LibraryInternalService, handlers.internal ?? {})),
      ],
      desk: [bind(DeskService, stub(DeskService, handlers.desk ?? {}))],
    }[name];
    const maintenance = bind(MaintenanceService, stub(MaintenanceService, handlers.maintenance ?? {}));
    return { bindings: [...bindings, maintenance], ...(close && { close }) };
  };
  const destination = { write: (line: string) => void written.push(line) };
  const service = await startService({ name, manifest: { variables: {} }, start }, { env, destination });
  if (before === undefined) await service.started;
  return { ...service, url: `http://127.0.0.1:${service.port}`, lines: () => written.map((line) => JSON.parse(line)) };
}

/** What the platform leaves of a principal's ID token once it has checked it. */
export function platformHeader(principal: Principal): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: googleIssuer, email: serviceAccountEmail(principal, project), email_verified: true };
  return `Bearer ${part({ alg: 'RS256' })}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

/** A client that comes through the platform as a workload, with an end user's token where one is given. */
export function clientFor<S extends DescService>(service: S, url: string, principal: Principal, token?: string): Client<S> {
  const headers = {
    'x-serverless-authorization': platformHeader(principal),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return createClient(service, { url, headers: async () => headers });
}
