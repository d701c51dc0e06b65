import { createFileRegistry, type FileRegistry } from '@bufbuild/protobuf';
import { listGatewayMethods } from '../bootstrap/gateway-methods.ts';
import type { Json, JsonObject } from '../bootstrap/json.ts';
import { type Audience, methodsFor } from './audience.ts';
import { readCommentedSet } from './commented-set.ts';
import { commentOf } from './comments.ts';
import { defaultResponse, type ErrorCatalogue, errorExamples, errorSchema, reasonsOf } from './errors.ts';
import { operationOf } from './operation.ts';
import { resourceNames } from './resources.ts';
import { Schemas } from './schemas.ts';

/** What a document is made of. */
interface DocumentSource {
  readonly audience: Audience;
  /** The name that the API has to its callers, such as "Kumiko". */
  readonly title: string;
  readonly errors: ErrorCatalogue;
  /** The protos with their comments; our own where it is left out. */
  readonly registry?: FileRegistry;
}

/** What an audience calls its tokens, and where they come from. */
const tokens: Readonly<Record<Audience, string>> = {
  customers: "A customer's token: the ID token of the app's sign-in.",
  partners: "A partner's token, from the exchange of a client assertion (RFC 7523).",
  operators: "An operator's token: a Google ID token for the audience of the edge.",
};

/**
 * The REST API of an audience as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html): paths, parameters and bodies as the transcoder takes
 * them. Everything in it comes from the protos and the tables of reasons.
 *
 * @throws {MethodError} where the protos do not make a safe gateway.
 * @throws {ReasonError} where a method names a reason that is in no table.
 */
export function openApiDocument({
  audience,
  title,
  errors,
  registry = createFileRegistry(readCommentedSet()),
}: DocumentSource): JsonObject {
  const methods = methodsFor(audience, listGatewayMethods('edge', registry));
  const security = `${audience.slice(0, -1)}Token`;
  const context = { schemas: new Schemas(), errors, resources: resourceNames(registry), security };
  const names = methods.map(({ desc }) => desc.localName);
  const paths: Record<string, Record<string, Json | undefined>> = {};
  for (const method of methods) {
    const { desc, bindings } = method;
    const unique = names.filter((name) => name === desc.localName).length === 1;
    const id = unique ? desc.localName : `${desc.parent.name}_${desc.name}`;
    for (const [index, binding] of bindings.entries()) {
      const { path, httpMethod, operation } = operationOf(method, binding, index === 0 ? id : `${id}_${index + 1}`, context);
      paths[path] = { ...paths[path], [httpMethod]: operation };
    }
  }
  const services = [...new Set(methods.map(({ desc }) => desc.parent))];
  return {
    openapi: '3.1.1',
    info: {
      title: `${title} for ${audience}`,
      version: 'v1',
      description: `The REST API for ${audience}, derived from the protos that the gateway serves. Every method is there by gRPC, gRPC-Web and Connect as well: x-grpc-method names it.`,
    },
    servers: [{ url: '/', description: 'The gateway that serves this document.' }],
    tags: services.map((service) => ({ name: service.name, description: commentOf(service) ?? service.name })),
    paths,
    components: {
      securitySchemes: { [security]: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: tokens[audience] } },
      responses: { Error: defaultResponse },
      examples: errorExamples(methods.flatMap(reasonsOf), errors),
      schemas: { ...context.schemas.all, Error: errorSchema },
    },
  };
}
