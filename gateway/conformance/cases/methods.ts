import { Access } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import { listMethods, type Method } from '../../../services/platform/contracts/methods.ts';
import type { CaseRequest, ConformanceCase, ExpectedUpstream, RequestCase, TokenSpec } from '../conformance-case.ts';
import { type RestSample, restSamples } from '../rest-sample.ts';
import { project } from '../tokens.ts';

type Gateway = 'edge' | 'jobs';

/** Somebody who comes with a token, or without. */
interface Caller {
  readonly name: string;
  readonly token?: TokenSpec;
}

/** What a caller is told: 200 where the service answers, else the gateway's own status. */
interface Answer {
  readonly status: 200 | 401 | 403;
  readonly message?: string;
}

const missing: Answer = { status: 401, message: 'Jwt is missing' };
const takes = (whose: string): Answer => ({
  status: 401,
  message: `this takes ${whose} token, and the one that came is of another issuer`,
});
const anotherAudience: Answer = { status: 403, message: 'Audiences in Jwt are not allowed' };
const denied: Answer = { status: 403, message: 'RBAC: access denied' };
const served: Answer = { status: 200 };

const nobody: Caller = { name: 'nobody' };
const person = (as: 'customer' | 'partner' | 'operator'): Caller => ({ name: `${as === 'operator' ? 'an' : 'a'} ${as}`, token: { as } });
const withoutSubject = (as: 'customer' | 'partner'): Caller => ({
  name: `a ${as} without a subject`,
  token: { as, claims: { sub: null } },
});
const trigger = (as: 'queue' | 'subscription' | 'schedule'): Caller => ({ name: `a ${as}`, token: { as } });
const strangers = { email: 'mallory@evil.iam.gserviceaccount.com' };

/** Every kind of caller of a method, and what each is told. Reviewed by hand: it is what the access options promise, not what rbac says. */
function callersOf({ policy }: Method): readonly (readonly [Caller, Answer])[] {
  switch (policy!.access) {
    case Access.PUBLIC:
      return [
        [nobody, served],
        [{ name: 'somebody with a bad token', token: { as: 'customer', signature: 'garbled' } }, served],
      ];
    case Access.CUSTOMER:
      return [
        [nobody, missing],
        [person('customer'), served],
        [person('partner'), takes("a customer's")],
        [person('operator'), takes("a customer's")],
        [withoutSubject('customer'), denied],
      ];
    case Access.PARTNER:
      return [
        [nobody, missing],
        [person('partner'), served],
        [person('customer'), takes("a partner's")],
        [person('operator'), takes("a partner's")],
        [withoutSubject('partner'), denied],
      ];
    case Access.OPERATOR:
      return [
        [nobody, missing],
        [person('operator'), served],
        [person('customer'), takes("an operator's")],
        [person('partner'), takes("an operator's")],
        [{ name: 'another account of Google', token: { as: 'operator', claims: strangers } }, denied],
        [{ name: 'an operator whose e-mail is not verified', token: { as: 'operator', claims: { email_verified: false } } }, denied],
        [trigger('queue'), anotherAudience],
      ];
    case Access.TRIGGER: {
      const kind = policy!.trigger!.kind.case!;
      const triggers = (['queue', 'subscription', 'schedule'] as const).map((as) => [trigger(as), as === kind ? served : denied] as const);
      return [
        [nobody, missing],
        ...triggers,
        [person('customer'), takes("a trigger's")],
        [person('operator'), anotherAudience],
        [{ name: 'another account of Google', token: { as: kind, claims: strangers } }, denied],
        [{ name: `a ${kind} whose e-mail is not verified`, token: { as: kind, claims: { email_verified: false } } }, denied],
      ];
    }
    default:
      throw new Error(`${policy!.access} is no access that a gateway has`);
  }
}

/** The limit that the service is told: one second more than its deadline, in the form of gRPC. */
function timeoutOf({ policy }: Method): string {
  return `${Number(policy!.deadline!.seconds) * 1000 + 1000}m`;
}

function casesOf(method: Method): ConformanceCase[] {
  const at = gatewayOf(method)!;
  const arrived = {
    path: method.grpcPath,
    headers: { 'grpc-timeout': timeoutOf(method) },
    audience: audienceOf(method.workload as Parameters<typeof audienceOf>[0], project),
  };
  return callersOf(method).flatMap(([caller, answer]) => [
    byGrpc(method.grpcPath, at, caller, answer, arrived),
    ...restSamples(method.desc).map((sample) => byRest(sample, at, caller, answer, arrived)),
  ]);
}

function byGrpc(grpcPath: string, at: Gateway, caller: Caller, answer: Answer, arrived: ExpectedUpstream): RequestCase {
  const { token } = caller;
  return {
    name: `${grpcPath}: ${caller.name}`,
    about: ['methods.access', ...(answer === served ? (['methods.deadlines'] as const) : [])],
    at,
    request: { method: 'POST', path: grpcPath, grpc: {}, ...(token !== undefined && { token }) },
    expect:
      answer.status === 200
        ? { status: 200, grpcStatus: 0 }
        : { status: 200, grpcStatus: answer.status === 401 ? 16 : 7, grpcMessage: answer.message!, body: '' },
    expectUpstream: answer.status === 200 ? arrived : 'untouched',
  };
}

function byRest(sample: RestSample, at: Gateway, caller: Caller, answer: Answer, arrived: ExpectedUpstream): RequestCase {
  const { token } = caller;
  const { httpMethod, path, body, fields } = sample;
  return {
    name: `${httpMethod} ${path}: ${caller.name}`,
    about: ['methods.access', ...(answer === served ? (['methods.deadlines', 'methods.bindings'] as const) : [])],
    at,
    request: {
      protocols: ['HTTP/1.1'],
      method: httpMethod,
      path,
      ...(token !== undefined && { token }),
      ...(body !== undefined && { body }),
    },
    expect: answer.status === 200 ? { status: 200 } : { status: answer.status, body: { json: statusOf(answer) } },
    expectUpstream: answer.status === 200 ? { ...arrived, fields } : 'untouched',
  };
}

function statusOf({ status, message }: Answer) {
  return { code: status === 401 ? 16 : 7, message: message!, details: [] };
}

/** The gateway that offers a method; undefined for what services call among themselves. */
function gatewayOf({ policy }: Method): Gateway | undefined {
  if (policy!.access === Access.SERVICE) return undefined;
  return policy!.access === Access.TRIGGER ? 'jobs' : 'edge';
}

/** What a gateway does not offer is not there, whoever asks. */
function absentFrom(at: Gateway, method: Method): ConformanceCase[] {
  const token: TokenSpec = { as: at === 'edge' ? 'operator' : 'queue' };
  const absent = (request: CaseRequest): RequestCase => ({
    name: `${request.grpc === undefined ? `${request.method} ` : ''}${request.path} is not at ${at}`,
    about: ['methods.apart'],
    at,
    request,
    expect: request.grpc === undefined ? { status: 404, body: /Could not resolve/ } : { status: 200, grpcStatus: 12 },
    expectUpstream: 'untouched',
  });
  return [
    absent({ method: 'POST', path: method.grpcPath, token, grpc: {} }),
    ...restSamples(method.desc).map(({ httpMethod, path, body }) =>
      absent({ protocols: ['HTTP/1.1'], method: httpMethod, path, token, ...(body !== undefined && { body }) }),
    ),
  ];
}

// What every service serves is listed once for each.
const all = [...new Map(listMethods().map((method) => [method.grpcPath, method])).values()];

/** Every method of ours at both gateways, for every kind of caller, by gRPC and by each REST binding. */
export const methods: readonly ConformanceCase[] = [
  ...all.filter((one) => gatewayOf(one) !== undefined).flatMap(casesOf),
  ...(['edge', 'jobs'] as const).flatMap((at) => all.filter((one) => gatewayOf(one) !== at).flatMap((one) => absentFrom(at, one))),
];
