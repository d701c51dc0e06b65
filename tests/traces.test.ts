import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Span } from '../deploy/local/cloud/traces/span.ts';
import { CustomerApp, type PlacementJson } from '../deploy/local/demo/customer-app.ts';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { PartnerSystem } from '../deploy/local/demo/partner-system.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform({ traces: true });

const trace = '0af7651916cd43dd8448eb211c80319c';
const street = '3-4 Karasuma-dori';

/** What has to be in the trace of an order that completes its group, by service. */
const life: Readonly<Record<string, readonly string[]>> = {
  'kumiko-edge-gateway': ['server ingress', 'client router customer egress'],
  // Of the tasks: a push has a trace of its own.
  'kumiko-jobs-gateway': ['server ingress', 'client router job egress'],
  customer: [
    'server kumiko.customer.v1.CustomerService/JoinGroup',
    'client transaction',
    'client POST /v1/payment_intents',
    'producer send order-events',
    'server kumiko.customer.v1.CustomerInternalService/ApplyEvent',
    'producer send group-events',
    'server kumiko.customer.v1.CustomerInternalService/CapturePayment',
    'client POST /v1/payment_intents/{id}/capture',
  ],
  webhook: ['consumer process payment webhook', 'client transaction', 'producer send payment-events'],
  job: [
    'consumer process orderPlaced',
    'producer send release-hold',
    'consumer process paymentStatusReported',
    'client kumiko.customer.v1.CustomerInternalService/ApplyEvent',
    'consumer process groupCompleted',
    'producer send capture-payment',
    'server kumiko.job.v1.JobService/CapturePayment',
    'client kumiko.customer.v1.CustomerInternalService/CapturePayment',
    'consumer process orderConfirmed',
    'client kumiko.partner.v1.PartnerInternalService/ApplyEvent',
  ],
  partner: ['server kumiko.partner.v1.PartnerInternalService/ApplyEvent', 'client transaction'],
};

describe('a trace', () => {
  it("follows an order from its placement to the partner, and is linked with the partner's shipping", async () => {
    const { endpoints } = stage.platform;
    const acme = await PartnerSystem.connect('acme', endpoints);
    const deal = await acme.publishDeal({ title: 'Tea', priceYen: 1200, groupSize: 2, groupLifetimeSeconds: 3600, stock: 10 });
    const [hana, ren] = await Promise.all(['hana', 'ren'].map((name) => CustomerApp.signIn(name, endpoints)));
    await Promise.all([hana!.setAddress('1-2 Shiokoji-cho'), ren!.setAddress(street)]);
    await eventually(
      () => hana!.deals(),
      (deals) => deals.some(({ name }) => name === deal),
    );
    const opened = await hana!.openGroup(deal);
    await hana!.pay(opened.payment);
    await eventually(
      () => hana!.order(opened.order.name),
      ({ state }) => state === 'STATE_AUTHORIZED',
    );

    const token = await devToken(endpoints, 'customer', 'ren');
    const response = await fetch(`${endpoints.edge}/v1/${opened.group.name}:join`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', traceparent: `00-${trace}-b7ad6b7169203331-01` },
      body: JSON.stringify({ requestId: '2c1a7be1-6f43-4d7e-9d3b-6b1b2b0c9d10' }),
    });
    const joined = (await response.json()) as PlacementJson;
    await ren!.pay(joined.payment);
    await eventually(
      () => ren!.order(joined.order.name),
      ({ paymentState }) => paymentState === 'PAYMENT_STATE_CAPTURED',
    );
    await eventually(
      () => acme.client.shipOrder({ name: joined.order.name, carrier: 'hayabusa', trackingNumber: 'SW1' }).catch(() => undefined),
      (shipped) => shipped !== undefined,
    );
    await acme.close();

    const whole = (seen: Span[]) => missingFrom(seen).length === 0 && unknownParents(seen).length === 1;
    const spans = await eventually(spansOf, whole).catch(spansOf);
    expect(missingFrom(spans)).toEqual([]);
    // Only the app's own span is not known here.
    expect(unknownParents(spans)).toEqual(['b7ad6b7169203331']);
    // Pushes and webhooks have traces of their own.
    expect(spans.filter(({ kind, links }) => kind === 'consumer' && links.length === 0)).toEqual([]);

    const shipping = await eventually(
      async () => (await tracesOf(joined.order.name)).flat().filter(({ links }) => links.includes(trace)),
      (linked) => linked.some(({ service, name }) => service === 'customer' && name.endsWith('/ShipOrder')),
    );
    expect(shipping.every((span) => span.trace !== trace)).toBe(true);

    const everything = JSON.stringify(await tracesOf(joined.order.name));
    for (const secret of [street, 'Karasuma', joined.payment.clientToken, token]) expect(everything).not.toContain(secret);
  });

  it('is printed as a tree', async () => {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [
      join(import.meta.dirname, '../deploy/local/cloud/traces/main.ts'),
      trace.slice(0, 8),
      '--state-dir',
      stage.stateDir,
    ]);
    expect(stdout).toMatch(new RegExp(`^trace ${trace} `));
    expect(stdout).toMatch(/^edge-gateway +POST \/v1\/groups\/[\w-]+:join +\+0\.0 ms +\d+(\.\d)? ms +OK$/m);
    expect(stdout).toMatch(/^edge-gateway +└ router customer egress +\+\d+(\.\d)? ms +\d+(\.\d)? ms +OK$/m);
    expect(stdout).toMatch(/^customer + {2}└ CustomerService\/JoinGroup .*OK$/m);
    expect(stdout).toMatch(/^job .*process orderPlaced \(orders\/[\w-]+\)/m);
  });
});

function spansOf(): Promise<Span[]> {
  return callJson<{ spans: Span[] }>('GET', `${stage.platform.endpoints.traces}/traces/${trace}`).then(({ spans }) => spans);
}

async function tracesOf(resource: string): Promise<Span[][]> {
  const { traces: url } = stage.platform.endpoints;
  const { traces } = await callJson<{ traces: { trace: string }[] }>('GET', `${url}/traces?mention=${encodeURIComponent(resource)}`);
  return Promise.all(traces.map(async (found) => (await callJson<{ spans: Span[] }>('GET', `${url}/traces/${found.trace}`)).spans));
}

function missingFrom(spans: readonly Span[]): string[] {
  const seen = new Set(spans.map(({ service, kind, name }) => `${service}: ${kind} ${name}`));
  return Object.entries(life)
    .flatMap(([service, names]) => names.map((name) => `${service}: ${name}`))
    .filter((expected) => !seen.has(expected));
}

function unknownParents(spans: readonly Span[]): (string | undefined)[] {
  const ids = new Set(spans.map(({ id }) => id));
  return [...new Set(spans.map(({ parent }) => parent))].filter((parent) => parent === undefined || !ids.has(parent));
}
