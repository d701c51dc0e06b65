import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createClient } from '../services/contracts/client.ts';
import { PartnerService } from '../services/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { usePlatform } from './test-platform.ts';

const test = usePlatform({ previews: [{ service: 'partner', tag: 'pr-123' }] });

/** A token of a partner of its own, by whom the request is found in the log of the process that answered it. */
async function partner(preview?: Readonly<Record<string, string>>): Promise<{ id: string; token: string }> {
  const id = `partner-${randomUUID()}`;
  const response = await fetch(`${test.platform.endpoints.issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'partner', subject: id, ...(preview && { preview }) }),
  });
  return { id, token: ((await response.json()) as { token: string }).token };
}

function listDeals(token: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${test.platform.endpoints.edge}/v1/partner/deals`, { headers: { authorization: `Bearer ${token}`, ...headers } });
}

/** The processes whose log says that they answered this partner. */
async function answeredBy(id: string): Promise<string[]> {
  const seen = () =>
    ['partner', 'partner-pr-123'].filter((name) => readFileSync(join(test.stateDir, 'logs', `${name}.log`), 'utf8').includes(id));
  await expect.poll(seen, { timeout: 5_000, interval: 20 }).not.toEqual([]);
  return seen();
}

describe('a preview of the partner service', () => {
  it('is listed among the endpoints, behind an IAM check of its own', async () => {
    const { previews, partner: standard } = test.platform.endpoints;
    expect(Object.keys(previews)).toEqual(['partner-pr-123']);
    expect(previews['partner-pr-123']).not.toBe(standard);
    const client = createClient(PartnerService, { url: previews['partner-pr-123']! });
    try {
      await expect(client.listDeals({})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    } finally {
      client.close();
    }
  });

  it('answers a token that asks for it, over REST and gRPC', async () => {
    const rest = await partner({ partner: 'pr-123' });
    expect((await listDeals(rest.token)).status).toBe(200);
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

  it('is not met by a token that asks for nothing', async () => {
    const { id, token } = await partner();
    expect((await listDeals(token)).status).toBe(200);
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
