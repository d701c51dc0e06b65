import { randomBytes } from 'node:crypto';
import { fromJson, type JsonValue, type Message } from '@bufbuild/protobuf';
import * as z from 'zod';
import { errorText } from '../../../../services/platform/contracts/error-text.ts';
import { Access } from '../../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import type { Method } from '../../../../services/platform/contracts/methods.ts';
import { masked } from '../../cloud/messages/mask-message.ts';
import { devToken } from '../../platform/dev-token.ts';
import type { Endpoints } from '../../platform/endpoints.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { DescribedMethods } from './described-methods.ts';

/** Without control characters: a line break would leave the comment or the line that it is copied into. */
const plain = z.string().regex(/^\P{Cc}*$/u, 'has a control character');

/** A call that a person asks for. */
export const askedCallSchema = z.strictObject({
  method: z.string().max(300),
  /** The request message, as JSON. */
  request: z.string().max(1 << 20),
  protocol: z.enum(['rest', 'grpc', 'grpc-web']),
  /** Whose token is sent. */
  identity: z.strictObject({
    kind: z.enum(['none', 'customer', 'partner', 'operator', 'trigger', 'service']),
    subject: plain.max(128),
  }),
  /** By service; an empty object for the defaults. */
  preview: z.record(plain.max(63), plain.max(46)),
});

/** @see askedCallSchema */
export type AskedCall = z.infer<typeof askedCallSchema>;

/** A call that can be sent. */
export interface ReadyCall {
  readonly method: Method;
  readonly json: JsonValue;
  readonly message: Message;
  /** Where it goes: a gateway, or the service itself behind its IAM check. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The trace that it begins. */
  readonly trace: string;
}

/**
 * Makes a call ready: its message read, its token fetched.
 *
 * @throws {HttpProblem} 400 that says what is wrong, and where.
 */
export async function readyCall(asked: AskedCall, methods: DescribedMethods, endpoints: Endpoints): Promise<ReadyCall> {
  const method = methods.method(asked.method);
  if (method === undefined) throw new HttpProblem(400, 'no_method', `There is no method ${asked.method}.`);
  const json = readJson(asked.request);
  if (asked.request.includes(`"${masked}"`)) {
    throw new HttpProblem(
      400,
      'masked',
      `The request has fields that were masked when it was kept: write something in the place of "${masked}".`,
    );
  }
  let message: Message;
  try {
    message = fromJson(method.desc.input, json, { registry: methods.registry });
  } catch (error) {
    throw new HttpProblem(400, 'invalid_message', `This is no ${method.desc.input.typeName}: ${errorText(error)}`);
  }
  const { url, header } = placeOf(method, asked, endpoints);
  const trace = randomBytes(16).toString('hex');
  const token = await tokenFor(asked, method, endpoints);
  return {
    method,
    json,
    message,
    url,
    headers: {
      traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01`,
      ...(token !== undefined && { [header]: `Bearer ${token}` }),
    },
    trace,
  };
}

function readJson(text: string): JsonValue {
  try {
    return JSON.parse(text === '' ? '{}' : text) as JsonValue;
  } catch (error) {
    throw new HttpProblem(400, 'invalid_json', `The request is no JSON: ${errorText(error)}`);
  }
}

/** Where a method is called, and where its token stands. */
export function placeOf(
  { policy, workload }: Method,
  { protocol }: Pick<AskedCall, 'protocol'>,
  endpoints: Endpoints,
): { url: string; header: string } {
  switch (policy?.access) {
    case Access.TRIGGER:
      return { url: endpoints.jobs, header: 'authorization' };
    case Access.SERVICE: {
      const url = endpoints.services[workload];
      if (url === undefined) throw new HttpProblem(400, 'no_service', `No service "${workload}" runs here.`);
      if (protocol !== 'grpc') throw new HttpProblem(400, 'grpc_only', 'Services call one another by gRPC only: no gateway is in between.');
      return { url, header: 'x-serverless-authorization' };
    }
    default:
      return { url: endpoints.edge, header: 'authorization' };
  }
}

async function tokenFor({ identity, preview }: AskedCall, { workload }: Method, endpoints: Endpoints): Promise<string | undefined> {
  const { kind, subject } = identity;
  const previews = Object.keys(preview).length === 0 ? {} : { preview };
  if (kind === 'none') {
    if (Object.keys(preview).length > 0) throw new HttpProblem(400, 'no_token', 'Previews are asked for by a token: choose whose.');
    return undefined;
  }
  try {
    if (kind !== 'service') return await devToken(endpoints, kind, subject, previews);
    // The issuer says which accounts there are.
    return await devToken(endpoints, kind, workload, { as: subject });
  } catch (error) {
    throw new HttpProblem(400, 'no_token', errorText(error));
  }
}
