import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import type { Endpoints } from '../deploy/local/platform/endpoints.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { MaintenanceService } from '../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { CommandPlatform } from './command-platform.ts';

const product = join(import.meta.dirname, 'another-product');
const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-another-'));
let platform: CommandPlatform;
let endpoints: Endpoints;

beforeAll(async () => {
  platform = new CommandPlatform(stateDir, ['--port-base', '0'], undefined, { KUMIKO_PRODUCT: product });
  endpoints = await platform.ready();
});

afterAll(async () => {
  platform.signal('SIGTERM');
  await platform.exit();
  rmSync(stateDir, { recursive: true, force: true });
});

async function rest(method: string, path: string, { token, body }: { token?: string; body?: object } = {}) {
  const response = await fetch(`${endpoints.edge}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('another product on the same platform', () => {
  it('has its own services and nothing of the marketplace', async () => {
    expect(Object.keys(endpoints.services)).toEqual(['digest', 'notes']);
    expect(endpoints.outside).toEqual({});
    expect(endpoints.project).toBe('tiny-local');
    expect((await rest('GET', '/v1/deals')).status).toBe(401);
  });

  it('is called through the edge by who may, and by nobody else', async () => {
    const body = { text: 'the kettle is on' };
    expect((await rest('POST', '/v1/notes', { body })).status).toBe(401);
    const partner = await devToken(endpoints, 'partner', 'acme');
    expect((await rest('POST', '/v1/notes', { body, token: partner })).status).toBe(401);
    const customer = await devToken(endpoints, 'customer', 'alice');
    expect((await rest('POST', '/v1/notes', { body: { text: '' }, token: customer })).status).toBe(400);
    const written = await rest('POST', '/v1/notes', { body, token: customer });
    expect(written).toMatchObject({ status: 200, body: { text: 'Dear reader, the kettle is on' } });
    expect((await rest('GET', `/v1/${written.body['name']}`)).body).toEqual(written.body);
    expect((await rest('GET', '/v1/notes/none')).status).toBe(404);
    const since = (moment: string) => rest('GET', `/v1/notes?filter=${encodeURIComponent(`create_time > "${moment}"`)}`);
    expect((await since('2026-01-01T00:00:00Z')).body).toEqual({ notes: [written.body] });
    expect((await since('9000-01-01T00:00:00Z')).body).toEqual({});
    expect((await since('yesterday')).status).toBe(400);
  });

  it('tells by its own event, which another service takes in and asks about', async () => {
    const letters = 'Dear reader, the kettle is on'.length;
    await expect.poll(async () => (await rest('GET', '/v1/digest')).body).toEqual({ notes: 1, letters });
  });

  it('has the upkeep of the platform, for the service that has schedules', async () => {
    const as = async (workload: string) => {
      const token = await devToken(endpoints, 'service', 'notes', { as: workload });
      const headers = async () => ({ 'x-serverless-authorization': `Bearer ${token}` });
      const client = createClient(MaintenanceService, { url: endpoints.services['notes']!, headers });
      return client.pruneHistory({ limit: 1 }).finally(() => client.close());
    };
    expect(await as('digest')).toMatchObject({ deleted: 0 });
    await expect(as('edge-gateway')).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});
