import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { outsideUrl } from '../deploy/local/platform/endpoints.ts';
import { operatorEmail, project } from '../deploy/local/platform/place.ts';
import { servicePort } from '../deploy/local/platform/ports.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { PartnerService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { PreviewService } from '../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { audienceOf, controlPlane } from '../services/platform/contracts/identities.ts';
import { previewAttribute } from '../services/platform/contracts/preview.ts';
import { usePlatform } from './test-platform.ts';

const test = usePlatform({
  previews: [
    { service: 'partner', tag: 'pr-123' },
    { service: 'job', tag: 'pr-7' },
    { service: 'customer', tag: 'pr-5' },
  ],
});

async function mint(request: object): Promise<string> {
  return (await callJson<{ token: string }>('POST', `${test.platform.endpoints.issuer}/token`, { body: request })).token;
}

/** A token of a partner of its own, by whom the request is found in the log of the process that answered it. */
async function partner(preview?: Readonly<Record<string, string>>): Promise<{ id: string; token: string }> {
  const id = `partner-${randomUUID()}`;
  return { id, token: await mint({ kind: 'partner', subject: id, ...(preview && { preview }) }) };
}

const logOf = (name: string) => readFileSync(join(test.stateDir, 'logs', `${name}.log`), 'utf8');

function listDeals(token: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${test.platform.endpoints.edge}/v1/partner/deals`, { headers: { authorization: `Bearer ${token}`, ...headers } });
}

/** The processes whose log says that they answered this partner. */
async function answeredBy(id: string): Promise<string[]> {
  const seen = () => ['partner', 'partner-pr-123'].filter((name) => logOf(name).includes(id));
  await expect.poll(seen, { interval: 20 }).not.toEqual([]);
  return seen();
}

describe('a preview of the partner service', () => {
  it('is listed among the endpoints, behind an IAM check of its own', async () => {
    const { previews, services } = test.platform.endpoints;
    expect(Object.keys(previews)).toEqual(['partner-pr-123', 'job-pr-7', 'customer-pr-5']);
    expect(previews['partner-pr-123']).not.toBe(services['partner']);
    const client = createClient(PartnerService, { url: previews['partner-pr-123']! });
    try {
      await expect(client.listDeals({})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    } finally {
      client.close();
    }
  });

  it('answers a token that asks for it, over REST and gRPC', async () => {
    const rest = await partner({ partner: 'pr-123' });
    const answer = await listDeals(rest.token);
    expect([answer.status, answer.headers.get('x-kumiko-revision')]).toEqual([200, 'partner-pr-123']);
    expect(await answeredBy(rest.id)).toEqual(['partner-pr-123']);

    const grpc = await partner({ partner: 'pr-123' });
    const headers = async () => ({ authorization: `Bearer ${grpc.token}` });
    const client = createClient(PartnerService, { url: test.platform.endpoints.edge, headers });
    try {
      expect((await client.listDeals({})).deals).toEqual([]);
    } finally {
      client.close();
    }
    expect(await answeredBy(grpc.id)).toEqual(['partner-pr-123']);
  });

  it('is not met by a token that asks for nothing, which is told of no revision', async () => {
    const { id, token } = await partner();
    const answer = await listDeals(token);
    expect([answer.status, answer.headers.get('x-kumiko-revision')]).toEqual([200, null]);
    expect(await answeredBy(id)).toEqual(['partner']);
  });

  it.each([
    ['a target that is not there', { partner: 'pr-124' }],
    ['a target of another service', { customer: 'pr-123' }],
  ])('is not met by %s', async (_, preview) => {
    const { id, token } = await partner(preview);
    expect((await listDeals(token)).status).toBe(200);
    expect(await answeredBy(id)).toEqual(['partner']);
  });

  it('cannot be chosen by a header', async () => {
    const { id, token } = await partner();
    const headers = { 'x-kumiko-preview-partner': 'pr-123', 'x-kumiko-preview': 'partner=pr-123' };
    expect((await listDeals(token, headers)).status).toBe(200);
    expect(await answeredBy(id)).toEqual(['partner']);
  });

  it('nor left by one', async () => {
    const { id, token } = await partner({ partner: 'pr-123' });
    expect((await listDeals(token, { 'x-kumiko-preview-partner': 'pr-124' })).status).toBe(200);
    expect(await answeredBy(id)).toEqual(['partner-pr-123']);
  });

  it('is of no use to a forged token', async () => {
    const { token } = await partner({ partner: 'pr-123' });
    expect((await listDeals(`${token.slice(0, -6)}AAAAAA`)).status).toBe(401);
  });
});

describe('how the control plane stands', () => {
  const asked = async (request: object | undefined) => {
    const token = request === undefined ? undefined : await mint(request);
    const headers = async (): Promise<Record<string, string>> => (token === undefined ? {} : { authorization: `Bearer ${token}` });
    const client = createClient(PreviewService, { url: `http://127.0.0.1:${servicePort(test.platform.ports, controlPlane)}`, headers });
    return client.getStatus({}).finally(() => client.close());
  };
  const audience = audienceOf(controlPlane, project);

  it('is told to operators, by the port that gateways connect to', async () => {
    const { previews, clients } = await asked({ kind: 'operator', subject: operatorEmail, audience });
    expect(previews.map(({ name }) => name)).toEqual(['customer@pr-5', 'job@pr-7', 'partner@pr-123']);
    expect(clients.map(({ workload }) => workload).toSorted()).toEqual(['edge-gateway', 'jobs-gateway']);
  });

  it.each<[string, object | undefined, status]>([
    ['who shows no token', undefined, status.UNAUTHENTICATED],
    ['an operator by a token for the edge', { kind: 'operator', subject: operatorEmail }, status.UNAUTHENTICATED],
    ['who is no operator', { kind: 'operator', subject: 'else@kumiko.example', audience }, status.PERMISSION_DENIED],
    ['a workload', { kind: 'service', subject: 'edge', as: 'edge-gateway', audience }, status.PERMISSION_DENIED],
  ])('is not told to %s', async (_, request, code) => {
    await expect(asked(request)).rejects.toMatchObject({ code });
  });
});

describe('asynchronous work', () => {
  interface Order {
    readonly name: string;
    readonly paymentState: string;
  }

  /** How often a process has answered a method. */
  const answered = (name: string, method: string) => logOf(name).split(`"message":"${method} OK"`).length - 1;

  /** A customer orders and pays, then cancels with a token that asks for previews: what follows is an event for the partner service, and a task. */
  async function cancelOrder(preview: Readonly<Record<string, string>> | undefined): Promise<void> {
    const { edge } = test.platform.endpoints;
    const provider = outsideUrl(test.platform.endpoints, 'payment_provider');
    const subject = `customer-${randomUUID()}`;
    const bearer = await mint({ kind: 'customer', subject });
    const shippingAddress = { regionCode: 'JP', postalCode: '600-8216', locality: 'Kyoto', addressLines: ['1'], recipients: ['A'] };
    await callJson('PATCH', `${edge}/v1/profile`, { bearer, body: { displayName: 'A', shippingAddress } });
    const { deals } = await callJson<{ deals: { name: string }[] }>('GET', `${edge}/v1/deals`);
    const body = { deal: deals[0]!.name, requestId: randomUUID() };
    const { order, payment } = await callJson<{ order: Order; payment: { id: string; clientToken: string } }>('POST', `${edge}/v1/groups`, {
      bearer,
      body,
    });
    const card = { client_token: payment.clientToken, card: 'ok' };
    await callJson('POST', `${provider}/v1/payment_intents/${payment.id}/confirm`, { body: card });
    const state = async () => (await callJson<Order>('GET', `${edge}/v1/${order.name}`, { bearer })).paymentState;
    await expect.poll(state).toBe('PAYMENT_STATE_AUTHORIZED');
    const asking = await mint({ kind: 'customer', subject, ...(preview && { preview }) });
    await callJson('POST', `${edge}/v1/${order.name}:cancel`, { bearer: asking, body: {} });
    await expect.poll(state).toBe('PAYMENT_STATE_VOIDED');
  }

  /** A step from one process to another, which has to take the preview along. */
  interface Hop {
    readonly name: string;
    /** Where it gets the preview from. */
    readonly after: readonly string[];
    readonly kept: () => boolean;
  }

  /** The hops that have lost what they were given: what comes after one of them is not to blame. */
  function losers(hops: readonly Hop[]): string[] {
    const lost = new Set(hops.filter(({ kept }) => !kept()).map(({ name }) => name));
    return hops.filter(({ name, after }) => lost.has(name) && !after.some((earlier) => lost.has(earlier))).map(({ name }) => name);
  }

  /** Hears what is published from now on, as one more subscriber. */
  async function tapEvents(): Promise<{ has(attributes: Readonly<Record<string, string>>): boolean; close(): Promise<void> }> {
    const seen: Readonly<Record<string, string>>[] = [];
    vi.stubEnv('PUBSUB_EMULATOR_HOST', test.platform.endpoints.pubsub);
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    const pubsub = new PubSub({ projectId: project });
    const [subscription] = await pubsub.topic('order-events').createSubscription(`tap-${randomUUID()}`);
    subscription.on('message', (message) => {
      seen.push(message.attributes);
      message.ack();
    });
    return {
      has: (attributes) => seen.some((each) => Object.entries(attributes).every(([name, value]) => each[name] === value)),
      close: async () => {
        await subscription.delete();
        await pubsub.close();
        vi.unstubAllEnvs();
      },
    };
  }

  it('of a request for previews is done by them: events by the owner, tasks by the job service', async () => {
    // The log is written after the answer.
    const seen = () =>
      [
        ['partner', 'ApplyEvent'],
        ['job', 'VoidPayment'],
        ['partner-pr-123', 'ApplyEvent'],
        ['job-pr-7', 'VoidPayment'],
      ].map(([name, method]) => answered(name!, method!));
    await cancelOrder(undefined);
    await expect.poll(seen).toEqual([1, 1, 0, 0]);
    await cancelOrder({ partner: 'pr-123', job: 'pr-7' });
    await expect.poll(seen).toEqual([1, 1, 1, 1]);
  });

  it('keeps the preview over each hop; the one that loses it is named', async () => {
    const tap = await tapEvents();
    const calls = [
      ['customer-pr-5', 'CancelOrder'],
      ['partner-pr-123', 'ApplyEvent'],
      ['job-pr-7', 'VoidPayment'],
      ['customer-pr-5', 'VoidPayment'],
    ] as const;
    const before = calls.map(([name, method]) => answered(name, method));
    await cancelOrder({ customer: 'pr-5', partner: 'pr-123', job: 'pr-7' });
    const came = (index: number) => () => {
      const [name, method] = calls[index]!;
      return answered(name, method) > before[index]!;
    };
    const choice = { [previewAttribute]: 'customer=pr-5,job=pr-7,partner=pr-123' };
    const hops: readonly Hop[] = [
      { name: 'HTTP: edge → customer', after: [], kept: came(0) },
      { name: 'Pub/Sub: customer → order-events', after: ['HTTP: edge → customer'], kept: () => tap.has(choice) },
      { name: 'gRPC: job, for the event → partner', after: ['Pub/Sub: customer → order-events'], kept: came(1) },
      { name: 'Tasks: job → task → jobs gateway → job', after: ['Pub/Sub: customer → order-events'], kept: came(2) },
      { name: 'gRPC: job, for the task → customer', after: ['Tasks: job → task → jobs gateway → job'], kept: came(3) },
    ];
    await expect.poll(() => losers(hops)).toEqual([]);
    await tap.close();
  });
});
