/**
 * A partner's day: a deal goes on sale, orders come on a stream, each is shipped, and the deal is closed.
 *
 *     node partner-day.ts https://api.kumiko.example tanaka key.json 2
 *
 * key.json is the private key as a JSON Web Key, whose public part an operator has added; the number is how many orders make a day. It needs the package that
 * `npm run sdk` builds, and nothing else of this repository.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Client, createClient } from '@connectrpc/connect';
import { calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import { apiError, apiTransport, partnerTokens } from 'kumiko-api';
import { type Order, Order_State, PartnerService } from 'kumiko-api/kumiko/partner/v1/partner_pb';

type Partner = Client<typeof PartnerService>;

const [baseUrl = '', partner = '', keyFile = '', count = '1'] = process.argv.slice(2);

async function connect(): Promise<Partner> {
  const jwk = JSON.parse(readFileSync(keyFile, 'utf8')) as JWK;
  const algorithm = jwk.kty === 'EC' ? 'ES256' : jwk.kty === 'OKP' ? 'EdDSA' : 'RS256';
  const privateKey = await importJWK(jwk, algorithm);
  if (privateKey instanceof Uint8Array) throw new Error(`${keyFile} is no private key`);
  const keyId = await calculateJwkThumbprint(jwk);
  return createClient(PartnerService, apiTransport({ baseUrl, tokens: partnerTokens({ baseUrl, partner, algorithm, privateKey, keyId }) }));
}

/** Makes a deal and puts it on sale. Both calls may be repeated, which the package does where they cannot be answered. */
async function putOnSale(api: Partner): Promise<string> {
  const { name } = await api.createDeal({
    deal: {
      title: 'Hand-forged knife',
      description: 'From a smithy in Sakai.',
      price: { currencyCode: 'JPY', units: 12_000n },
      groupSize: 2,
      stock: 10n,
      sku: 'KNIFE-165',
    },
    requestId: randomUUID(),
  });
  await api.publishDeal({ name });
  console.log(`on sale    ${name}`);
  return name;
}

/** Ships an order, unless its customer was faster. */
async function ship(api: Partner, { name, shipTo }: Order): Promise<boolean> {
  try {
    await api.shipOrder({ name, carrier: 'hayabusa', trackingNumber: `T-${randomUUID().slice(0, 8)}` });
    console.log(`shipped    ${name} to ${shipTo?.locality}`);
    return true;
  } catch (error) {
    const { reason, message } = apiError(error);
    if (reason !== 'ORDER_CANCELLED' && reason !== 'ORDER_SHIPPED') throw error;
    console.log(`left out   ${name}: ${message}`);
    return false;
  }
}

/** The orders of a deal as they come, until the signal. A stream ends now and then: it goes on where it was. */
async function* ordersOf(api: Partner, deal: string, signal: AbortSignal): AsyncGenerator<Order> {
  let resumeToken = '';
  while (!signal.aborted) {
    try {
      for await (const message of api.watchOrders({ resumeToken }, { signal })) {
        resumeToken = message.resumeToken;
        if (message.order?.deal === deal && message.order.state === Order_State.TO_SHIP) yield message.order;
      }
    } catch (error) {
      // What is no passing trouble is told.
      if (apiError(error).reason !== undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

const api = await connect();
const deal = await putOnSale(api);
let shipped = 0;
const evening = new AbortController();
for await (const order of ordersOf(api, deal, evening.signal)) {
  if (await ship(api, order)) shipped += 1;
  if (shipped === Number(count)) break;
}
// Or its connection would stay open.
evening.abort();
await api.closeDeal({ name: deal });
const { orders } = await api.listOrders({ pageSize: 100 });
const own = orders.filter((order) => order.deal === deal);
console.log(`closed     ${deal}, with ${own.filter(({ state }) => state === Order_State.SHIPPED).length} orders on their way`);
