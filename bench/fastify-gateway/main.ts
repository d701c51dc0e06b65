/**
 * The gateway that a team would write by hand for three of our methods: Fastify, jose and grpc-js. What the edge gateway is measured against.
 *
 * It does what a request needs and no more: the token is verified, JSON and protobuf are mapped by the generated types, the service is called over one
 * HTTP/2 connection with the gateway's own ID token, errors become google.rpc.Status, and each request leaves a line in the access log. It has no limits,
 * retries or metrics.
 */

import { create, type DescMethodUnary, fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { serviceDefinition } from '../../services/platform/contracts/definitions.ts';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { CustomerService } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { calledUpstream, logAccess, requestIds } from './access-log.ts';
import { createIdToken } from './id-token.ts';
import { createVerifier } from './verifier.ts';

const env = process.env as Record<string, string>;
const deadlineMs = 6_000;
const httpStatus: Readonly<Record<number, number>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.FAILED_PRECONDITION]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.DEADLINE_EXCEEDED]: 504,
  [status.UNAVAILABLE]: 503,
};

const verify = createVerifier({
  issuer: env['ISSUER']!,
  audience: env['AUDIENCE']!,
  jwksUri: env['JWKS_URI']!,
  remember: env['TOKEN_CACHE'] === 'on',
});
const idToken = createIdToken(env['METADATA_HOST']!, env['UPSTREAM_AUDIENCE']!);
const upstream = new Client(env['UPSTREAM']!, credentials.createInsecure());
const definition = serviceDefinition(CustomerService);

const app = Fastify({ bodyLimit: 1_048_576, keepAliveTimeout: 300_000, ...requestIds });
const flushLog = logAccess(app, { file: env['ACCESS_LOG']!, project: env['PROJECT']! });
app.get('/v1/orders/:id', (request, reply) => forward(CustomerService.method.getOrder, { name: `orders/${id(request)}` }, request, reply));
app.post('/v1/groups/:id', (request, reply) => {
  const [group, verb] = id(request).split(':');
  if (verb !== 'join') return reply.code(404).send({ code: status.NOT_FOUND, message: 'no such method', details: [] });
  return forward(CustomerService.method.joinGroup, { ...(request.body as object), name: `groups/${group}` }, request, reply);
});
const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
process.stdout.write(`${JSON.stringify({ message: 'listening', port: Number(port) })}\n`);
process.on('SIGTERM', () => {
  flushLog();
  process.exit(0);
});

async function forward(method: DescMethodUnary, json: JsonValue, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const authorization = request.headers.authorization ?? '';
  if (!authorization.startsWith('Bearer ')) return refuse(reply, status.UNAUTHENTICATED, 'Jwt is missing');
  try {
    await verify(authorization.slice('Bearer '.length));
  } catch {
    return refuse(reply, status.UNAUTHENTICATED, 'Jwt verification fails');
  }
  let message: Message;
  try {
    message = create(method.input, fromJson(method.input, json, { ignoreUnknownFields: true }));
  } catch (error) {
    return refuse(reply, status.INVALID_ARGUMENT, errorText(error));
  }
  try {
    calledUpstream(reply, definition[method.name]!.path);
    const response = await call(method, message, authorization, await idToken());
    return reply.send(toJson(method.output, response));
  } catch (error) {
    const { code, details } = error as ServiceError;
    return refuse(reply, code, details);
  }
}

function call(method: DescMethodUnary, message: Message, authorization: string, token: string): Promise<Message> {
  const { path, requestSerialize, responseDeserialize } = definition[method.name]!;
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  metadata.set('x-serverless-authorization', token);
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + deadlineMs };
    upstream.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, options, (error, response) =>
      error === null ? resolve(response!) : reject(error),
    );
  });
}

function refuse(reply: FastifyReply, code: number, message: string): FastifyReply {
  return reply.code(httpStatus[code] ?? 500).send({ code, message, details: [] });
}

function id(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}
