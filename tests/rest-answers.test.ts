import { getOption } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, test } from 'vitest';
import { devToken } from '../deploy/local/platform/seed.ts';
import { restSamples } from '../gateway/conformance/rest-sample.ts';
import { http } from '../services/contracts/gen/types/google/api/annotations_pb.js';
import { Access } from '../services/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods, type Method } from '../services/contracts/methods.ts';
import { pathVariables } from '../services/contracts/path-variables.ts';
import { usePlatform } from './test-platform.ts';

// What Envoy and the services make of a REST request together, for every method.
const stage = usePlatform();
const tokens = new Map<Access, string>();

beforeAll(async () => {
  const { endpoints } = stage.platform;
  tokens.set(Access.CUSTOMER, await devToken(endpoints, 'customer', 'hana'));
  tokens.set(Access.PARTNER, await devToken(endpoints, 'partner', 'acme'));
  tokens.set(Access.OPERATOR, await devToken(endpoints, 'operator', 'operator@kumiko.example'));
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(httpMethod: string, path: string, access: Access, body?: string): Promise<Answer> {
  const token = tokens.get(access);
  const response = await fetch(`${stage.platform.endpoints.edge}${path}`, {
    method: httpMethod,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** Methods of the edge with fields that their paths set. */
const bound: readonly Method[] = listMethods().filter(
  ({ http, policy }) =>
    http !== undefined && pathVariables(http).length > 0 && policy?.access !== Access.TRIGGER && policy?.access !== Access.SERVICE,
);

describe('a query that sets what the path has set', () => {
  test.each(bound.map((method) => [method.grpcPath, method] as const))('is refused with the field: %s', async (_, { desc, policy }) => {
    const variables = pathVariables(getOption(desc, http));
    for (const { httpMethod, path, body } of restSamples(desc)) {
      for (const variable of variables) {
        const camel = variable.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
        const encoded = `%${variable.charCodeAt(0).toString(16)}${variable.slice(1)}`;
        for (const name of new Set([variable, camel, encoded])) {
          const { status, text } = await send(httpMethod, `${path}?${name}=orders/other`, policy!.access, body);
          // Envoy knows no parameter whose name is encoded.
          expect([status, text], `${httpMethod} ${path}?${name}`).toEqual([400, expect.stringContaining(name === encoded ? '' : variable)]);
        }
      }
    }
  });

  test('changes nothing', async () => {
    expect(bound.length).toBeGreaterThan(12);
    const { status, text } = await send('POST', '/v1/orders/a:cancel?name=orders/b', Access.CUSTOMER, '{}');
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: 3, message: 'name: is set by the path: the query must not set it as well' });
  });
});
