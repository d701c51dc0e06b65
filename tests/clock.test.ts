import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { TokenRequest } from '../deploy/local/cloud/issuer/token-request.ts';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { listDeals, makePartnerKey, registerAsOperator, requestToken, signAssertion } from '../deploy/local/demo/partner-client.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();
const day = 86_400;

const advance = (seconds: number) =>
  callJson<{ time: string; ahead_seconds: number }>('POST', `${stage.platform.endpoints.clock}/clock:advance`, { body: { seconds } });

const mint = async (request: TokenRequest) =>
  (await callJson<{ token: string }>('POST', `${stage.platform.endpoints.issuer}/token`, { body: request })).token;

/** A customer who may order, and a deal to order from. */
async function signedIn(name: string) {
  const app = await CustomerApp.signIn(name, stage.platform.endpoints);
  await app.setAddress('1-2 Shiokoji-cho');
  const [deal] = await app.deals();
  return { app, deal: deal!.name };
}

/** Opens a group with a token: 'placed', or how it was refused. */
const placeAtEdge = (bearer: string, body: object) =>
  callJson<object>('POST', `${stage.platform.endpoints.edge}/v1/groups`, { bearer, body }).then(
    () => 'placed',
    ({ message }: Error) => /HTTP .*/.exec(message)?.[0] ?? message,
  );

describe('business time', () => {
  it('moves, so that what falls due happens now; tokens stay as good as they were, and no gateway takes part', async () => {
    const { endpoints, pid } = stage.platform;
    const gateways = () => [pid('edge'), pid('jobs')];
    const { app, deal } = await signedIn('hana');
    const [partner, operator] = await Promise.all([devToken(endpoints, 'partner', 'acme'), devToken(endpoints, 'operator', operatorEmail)]);
    const placed = await app.openGroup(deal);
    await app.pay(placed.payment);
    await eventually(
      () => app.order(placed.order.name),
      ({ state }) => state === 'STATE_AUTHORIZED',
    );
    const before = gateways();

    const { time, ahead_seconds } = await advance(day);
    expect(ahead_seconds).toBe(day);
    expect(Date.parse(time)).toBeGreaterThan(Date.now() + (day - 400) * 1000);

    // The group was open for less than a day. Tasks and pushes bring the news, with ID tokens that were made before.
    const order = await eventually(
      () => app.order(placed.order.name),
      ({ paymentState }) => paymentState === 'PAYMENT_STATE_VOIDED',
    );
    expect(order).toMatchObject({ state: 'STATE_CANCELLED', cancelReason: 'CANCEL_REASON_GROUP_EXPIRED' });
    expect(await listDeals(endpoints.edge, partner)).toMatchObject({ deals: expect.any(Array) });
    await callJson('GET', `${endpoints.edge}/v1/operator/deadLetters`, { bearer: operator });
    expect(gateways()).toEqual(before);
  });

  it('is the time of the outside world too: what it signs is neither too old nor too new', async () => {
    const { app, deal } = await signedIn('kaito');
    const { order, payment } = await app.openGroup(deal);
    await app.pay(payment);
    await eventually(
      () => app.order(order.name),
      ({ state }) => state === 'STATE_AUTHORIZED',
    );
  });

  it('has a schedule run that falls due on the way, and what was kept for a day deleted by it', async () => {
    const { app, deal } = await signedIn('yui');
    const bearer = await mint({ kind: 'customer', subject: app.name });
    const requestId = randomUUID();
    expect(await placeAtEdge(bearer, { deal, quantity: 1, requestId })).toBe('placed');
    const another = { deal, quantity: 2, requestId };
    expect(await placeAtEdge(bearer, another)).toContain('request_id was used before with another body');
    await advance(day + 3 * 3600);
    await eventually(
      () => placeAtEdge(bearer, another),
      (answer) => answer === 'placed',
    );
  });

  it('is none of the business of a partner who signs by its own clock', async () => {
    const { edge } = stage.platform.endpoints;
    const tokenEndpoint = `${edge}/v1/partner/token`;
    const partner = `partner-${randomUUID()}`;
    const key = await makePartnerKey();
    await registerAsOperator(edge, await devToken(stage.platform.endpoints, 'operator', operatorEmail), partner, key.publicJwk);
    const assertion = await signAssertion(key, partner, tokenEndpoint);
    const answer = await requestToken(tokenEndpoint, assertion);
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect(await listDeals(edge, token)).toEqual({});
    await advance(day);
    // Its time is not over, so it has to be known still.
    expect((await requestToken(tokenEndpoint, assertion)).status).toBe(401);
    expect(await listDeals(edge, token)).toEqual({});
  });

  it('stays ahead for a process that is started again', async () => {
    const customer = stage.platform.pid('customer')!;
    const { app, deal } = await signedIn('ren');
    process.kill(customer, 'SIGKILL');
    await eventually(
      async () => stage.platform.pid('customer'),
      (pid) => pid !== customer,
    );
    const { group } = await eventually(
      () => app.openGroup(deal).catch(() => ({ group: undefined })),
      ({ group }) => group !== undefined,
    );
    // Two days were skipped, and no group is open for one.
    expect(Date.parse(group!.expireTime)).toBeGreaterThan(Date.now() + 2 * day * 1000);
  });

  it.each([[0], [-5], ['soon'], [1e12]])('refuses to move by %s seconds', async (seconds) => {
    await expect(advance(seconds as number)).rejects.toThrow('HTTP 400');
  });
});

describe("a token of an issuer whose clock is off the machine's", () => {
  /** Places an order with such a token: through the edge, and at the service itself. Returns how each was answered. */
  async function place(name: string, offSeconds: number) {
    const { endpoints } = stage.platform;
    const { deal } = await signedIn(name);
    const bearer = await mint({
      kind: 'customer',
      subject: name,
      skew_seconds: offSeconds,
      // Whoever is behind makes tokens that have ended: an hour would hide it.
      ...(offSeconds < 0 && { ttl_seconds: 1 }),
    });
    const atEdge = await placeAtEdge(bearer, { deal, requestId: randomUUID() });
    const invoker = await mint({ kind: 'service', subject: 'customer' });
    const headers = { authorization: `Bearer ${bearer}`, 'x-serverless-authorization': `Bearer ${invoker}` };
    const client = createClient(CustomerService, { url: endpoints.services['customer']!, headers: async () => headers });
    const atService = await client.openGroup({ deal, requestId: randomUUID() }).then(
      () => 'placed',
      ({ code, reason }: { code: status; reason?: string }) => `${status[code]} ${reason}`,
    );
    client.close();
    const orders = await callJson<{ orders?: object[] }>('GET', `${endpoints.edge}/v1/orders`, {
      bearer: await devToken(endpoints, 'customer', name),
    });
    return { atEdge, atService, orders: orders.orders?.length ?? 0 };
  }

  it.each([[-40], [40]])('by %s s is good everywhere', async (offSeconds) => {
    expect(await place(`near-${offSeconds}`, offSeconds)).toEqual({ atEdge: 'placed', atService: 'placed', orders: 2 });
  });

  it.each([
    [-90, 'Jwt is expired', 'TOKEN_EXPIRED'],
    [90, 'Jwt not yet valid', 'TOKEN_INVALID'],
  ])('by %s s is good nowhere, and nothing is done', async (offSeconds, message, reason) => {
    const { atEdge, ...rest } = await place(`far-${offSeconds}`, offSeconds);
    expect(atEdge).toMatch(new RegExp(`^HTTP 401 .*${message}`));
    expect(rest).toEqual({ atService: `UNAUTHENTICATED ${reason}`, orders: 0 });
  });
});
