import { promisify } from 'node:util';
import { type Client, Code, ConnectError, createClient, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { credentials, Client as GrpcClient, type requestCallback, status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { ErrorInfoSchema } from '../services/platform/contracts/gen/types/google/rpc/error_details_pb.js';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { usePlatform } from './test-platform.ts';

// What a browser app does, with its own libraries. That a page in a browser may do it, too, is what the preflights below say.
const stage = usePlatform();
const app = 'http://localhost:5173';

const bearer =
  (token: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };

const transports: Readonly<Record<string, (interceptors: Interceptor[]) => Transport>> = {
  'gRPC-Web': (interceptors) => createGrpcWebTransport({ baseUrl: stage.platform.endpoints.edge, interceptors }),
  // Envoy does not translate Connect's JSON.
  Connect: (interceptors) => createConnectTransport({ baseUrl: stage.platform.endpoints.edge, interceptors, useBinaryFormat: true }),
};

describe.each(Object.entries(transports))('by %s', (protocol, transport) => {
  let customer: Client<typeof CustomerService>;
  let anybody: Client<typeof CustomerService>;

  beforeAll(async () => {
    customer = createClient(CustomerService, transport([bearer(await devToken(stage.platform.endpoints, 'customer', 'hana'))]));
    anybody = createClient(CustomerService, transport([]));
  });

  test('a call is answered', async () => {
    const { deals } = await anybody.listDeals({});
    expect(deals.length).toBeGreaterThan(0);
  });

  test('a stream brings what is there at once, and goes on until the app leaves it', async () => {
    const { endpoints } = stage.platform;
    const owner = await CustomerApp.signIn('hana', endpoints);
    await owner.setAddress('1-2 Shiokoji-cho');
    const [deal] = await owner.deals();
    const { group } = await owner.openGroup(deal!.name);
    const leaving = new AbortController();
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const response of customer.watchGroup({ name: group.name }, { signal: leaving.signal })) {
          if (response.group === undefined) continue;
          seen.push(response.group.name);
          leaving.abort();
        }
      })(),
    ).rejects.toThrow(/aborted/);
    expect(seen).toEqual([group.name]);
  });

  test("an error of the service comes with its details, the gateway's own with its code", async () => {
    const missing = (await customer
      .getOrder({ name: 'orders/00000000-0000-4000-8000-000000000000' })
      .catch(ConnectError.from)) as ConnectError;
    expect(missing).toMatchObject({ code: Code.NotFound });
    expect(missing.details).toHaveLength(2);
    // Envoy writes a detail's whole type URL into Connect's errors, where the library looks for the bare name.
    if (protocol === 'gRPC-Web') expect(missing.findDetails(ErrorInfoSchema)[0]?.reason).toBe('NOT_FOUND');
    else
      expect(missing.details).toMatchObject(
        ['ErrorInfo', 'ResourceInfo'].map((name) => ({ type: `type.googleapis.com/google.rpc.${name}` })),
      );
    const stranger = await anybody.getOrder({ name: 'orders/00000000-0000-4000-8000-000000000000' }).catch(ConnectError.from);
    // Of an answer of the gateway's own Connect tells the code only: it comes as plain HTTP.
    expect(stranger).toMatchObject({ code: Code.Unauthenticated, rawMessage: protocol === 'gRPC-Web' ? 'Jwt is missing' : 'HTTP 401' });
  });
});

describe('a page of another origin', () => {
  const preflight = (origin: string, headers: string) =>
    fetch(`${stage.platform.endpoints.edge}/kumiko.customer.v1.CustomerService/ListDeals`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
    });

  test.each([
    ['gRPC-Web', 'authorization,content-type,x-grpc-web,x-user-agent,grpc-timeout'],
    ['Connect', 'authorization,content-type,connect-protocol-version,connect-timeout-ms'],
  ])("may call by %s where it is on the developer's machine", async (_, headers) => {
    const allowed = await preflight(app, headers);
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(app);
    const names = allowed.headers.get('access-control-allow-headers')?.split(',');
    expect(names).toEqual(expect.arrayContaining(headers.split(',')));
  });

  test('may not from anywhere else', async () => {
    for (const origin of ['https://evil.example', 'http://localhost.evil.example:5173', 'http://127.0.0.1.evil.example']) {
      const refused = await preflight(origin, 'x-grpc-web');
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('reads status and details of an answer', async () => {
    const answer = await fetch(`${stage.platform.endpoints.edge}/v1/deals`, { headers: { origin: app } });
    expect(answer.headers.get('access-control-expose-headers')).toBe(
      'grpc-status,grpc-message,grpc-status-details-bin,traceparent,x-kumiko-revision',
    );
  });
});

test('calls are counted by method and status under names that stay', async () => {
  const labels =
    '{envoy_grpc_bridge_method="GetOrder",envoy_grpc_bridge_service="kumiko_customer_v1_CustomerService",envoy_cluster_name="customer"}';
  await eventually(
    async () => await (await fetch(`${stage.platform.endpoints.admin}/stats/prometheus`)).text(),
    (page) =>
      page.includes(`envoy_cluster_grpc_5${labels}`) &&
      page.includes('envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="customer"'),
  );
});

describe('whoever looks at the API by gRPC', () => {
  const raw = (bytes: Buffer) => bytes;
  const open = (url: string) => new GrpcClient(new URL(url).host, credentials.createInsecure());
  const reflect = async (url: string) => {
    const client = open(url);
    const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', raw, raw);
    // ServerReflectionRequest { list_services: "" }
    stream.end(Buffer.from([0x3a, 0x00]));
    try {
      return Buffer.concat((await Array.fromAsync(stream)) as Buffer[]).toString();
    } finally {
      client.close();
    }
  };

  test('is told at the edge which services there are, and that it serves', async () => {
    expect(await reflect(stage.platform.endpoints.edge)).toContain('kumiko.partner.v1.PartnerService');
    const client = open(stage.platform.endpoints.edge);
    const answer = await promisify<Buffer>((done) =>
      client.makeUnaryRequest('/grpc.health.v1.Health/Check', raw, raw, Buffer.alloc(0), done as requestCallback<Buffer>),
    )();
    client.close();
    // HealthCheckResponse { status: SERVING }
    expect(answer).toEqual(Buffer.from([0x08, 0x01]));
  });

  test('is told nothing at the jobs gateway', async () => {
    await expect(reflect(stage.platform.endpoints.jobs)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});
