import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry } from '@bufbuild/protobuf';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compileBootstrap } from '../gateway/bootstrap/compile-bootstrap.ts';
import type { GatewayEnvironment } from '../gateway/bootstrap/gateway-environment.ts';
import { send, type WireResponse } from '../gateway/conformance/case-client.ts';
import type { TokenSpec } from '../gateway/conformance/conformance-case.ts';
import { environmentOf } from '../gateway/conformance/local-environment.ts';
import { frame, type ScriptedUpstream, startScriptedUpstream } from '../gateway/conformance/scripted-upstream.ts';
import { project, startTokenAuthority, type TokenAuthority } from '../gateway/conformance/tokens.ts';
import { untilReady } from '../gateway/conformance/until-ready.ts';
import { startToldPreviews, type ToldPreviews } from '../gateway/control-plane/testing/told-previews.ts';
import { type RunningEnvoy, startEnvoy } from '../gateway/envoy/start-envoy.ts';
import { audienceOf } from '../services/platform/contracts/identities.ts';
import { readDescriptorSet } from '../services/platform/contracts/methods.ts';

let standard: ScriptedUpstream;
let preview: ScriptedUpstream;
let authority: TokenAuthority;
let controlPlane: ToldPreviews;
const envoys: RunningEnvoy[] = [];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-previews-'));
  const registry = createFileRegistry(readDescriptorSet());
  [standard, preview, authority] = await Promise.all([
    startScriptedUpstream(registry),
    startScriptedUpstream(registry),
    startTokenAuthority(),
  ]);
  controlPlane = await startToldPreviews();
  const url = `http://127.0.0.1:${preview.port}`;
  controlPlane.tell(['customer', 'partner', 'job'].map((service) => ({ service, tag: 'pr-1', url })));
});

beforeEach(() => {
  standard.script(undefined);
  preview.script(undefined);
});

afterAll(async () => {
  await Promise.all(envoys.map((envoy) => envoy.close()));
  controlPlane.close();
  await Promise.all([standard.close(), preview.close(), authority.close()]);
  rmSync(folder, { recursive: true });
});

/** A gateway whose every service has a preview "pr-1", on its own bootstrap. Its port. */
async function gateway(role: 'edge' | 'jobs', strictPreviews: boolean): Promise<number> {
  const environment: GatewayEnvironment = {
    ...environmentOf({ upstream: standard, authority }),
    previews: { controlPlane: controlPlane.url, strict: strictPreviews },
  };
  const envoy = await startEnvoy(compileBootstrap({ role, environment }), { folder });
  envoys.push(envoy);
  const port = envoy.ports[role]!;
  const [path, as, admitted] =
    role === 'edge' ? (['/v1/partner/deals', 'partner', 200] as const) : (['/v1/nothing', 'queue', 404] as const);
  await untilReady(envoy, {
    ask: async () => (await get(port, path, { as })).status,
    admitted,
    previews: controlPlane.store.served.keys(),
  });
  standard.script(undefined);
  return port;
}

type Headers = readonly (readonly [string, string])[];

async function get(port: number, path: string, spec: TokenSpec | undefined, headers: Headers = []): Promise<WireResponse> {
  const token = spec === undefined ? [] : [['authorization', `Bearer ${await authority.token(spec)}`] as const];
  return send(port, { protocol: 'HTTP/1.1', method: 'GET', path, headers: [...token, ...headers], body: undefined });
}

const partnerAsking = (target: string): TokenSpec => ({ as: 'partner', claims: { kumiko_preview: { partner: target } } });
const seen = () => ({ standard: standard.seen.length, preview: preview.seen.length });

describe('the edge', () => {
  let port: number;
  beforeAll(async () => {
    port = await gateway('edge', false);
  });

  test("leads a request to the preview, with the preview's authority, the service's audience and the choice to carry on", async () => {
    expect((await get(port, '/v1/partner/deals', partnerAsking('pr-1'))).status).toBe(200);
    expect(seen()).toEqual({ standard: 0, preview: 1 });
    const { headers } = preview.seen[0]!;
    expect(headers.get(':authority')).toBe(`127.0.0.1:${preview.port}`);
    expect(headers.get('x-kumiko-preview')).toBe('partner=pr-1');
    expect(decodeJwt(headers.get('x-serverless-authorization')!.slice('Bearer '.length)).aud).toBe(audienceOf('partner', project));
  });

  test('leads an unknown target to the default, and says nothing of previews where no token asks for one', async () => {
    expect((await get(port, '/v1/partner/deals', partnerAsking('pr-2'))).status).toBe(200);
    expect((await get(port, '/v1/partner/deals', { as: 'partner' }, [['x-kumiko-preview', 'partner=pr-1']])).status).toBe(200);
    expect(seen()).toEqual({ standard: 2, preview: 0 });
    expect([...standard.seen[1]!.headers.keys()].filter((name) => name.startsWith('x-kumiko'))).toEqual([]);
    expect(standard.seen[1]!.headers.get(':authority')).toBe(`127.0.0.1:${standard.port}`);
  });

  test('lets a token choose for public methods too, and a bad token or none meet the default', async () => {
    const chosen = await get(port, '/v1/deals', { as: 'customer', claims: { kumiko_preview: { customer: 'pr-1' } } });
    expect(chosen.status).toBe(200);
    expect(chosen.headers.get('cache-control')).toBe('no-store');
    expect(seen()).toEqual({ standard: 0, preview: 1 });
    const expired: TokenSpec = { as: 'customer', claims: { kumiko_preview: { customer: 'pr-1' } }, expiresIn: -600 };
    for (const spec of [expired, undefined]) {
      const response = await get(port, '/v1/deals', spec);
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=5']);
    }
    expect(seen()).toEqual({ standard: 2, preview: 1 });
  });
});

describe('the strict edge', () => {
  let port: number;
  beforeAll(async () => {
    port = await gateway('edge', true);
  });

  test.each(['pr-2', 'PR-1', ''])('answers 503 with the reason to a REST request for "%s"', async (target) => {
    const response = await get(port, '/v1/partner/deals', partnerAsking(target));
    expect(response.status).toBe(503);
    expect(JSON.parse(response.body.toString())).toEqual({
      code: 14,
      message: 'the token asks for a preview that does not exist',
      details: [],
    });
    expect(seen()).toEqual({ standard: 0, preview: 0 });
  });

  test('answers UNAVAILABLE with the reason to a gRPC request', async () => {
    const response = await send(port, {
      protocol: 'HTTP/2',
      method: 'POST',
      path: '/kumiko.partner.v1.PartnerService/ListDeals',
      headers: [
        ['authorization', `Bearer ${await authority.token(partnerAsking('pr-2'))}`],
        ['content-type', 'application/grpc'],
        ['te', 'trailers'],
      ],
      body: frame(new Uint8Array()),
    });
    expect(response.headers.get('grpc-status')).toBe('14');
    expect(decodeURIComponent(response.headers.get('grpc-message')!)).toBe('the token asks for a preview that does not exist');
    expect(seen()).toEqual({ standard: 0, preview: 0 });
  });

  test('serves targets that exist, and tokens that ask for nothing here', async () => {
    expect((await get(port, '/v1/partner/deals', partnerAsking('pr-1'))).status).toBe(200);
    expect((await get(port, '/v1/partner/deals', { as: 'partner', claims: { kumiko_preview: { customer: 'pr-2' } } })).status).toBe(200);
    expect(seen()).toEqual({ standard: 1, preview: 1 });
  });
});

describe('the jobs gateway', () => {
  let port: number;
  beforeAll(async () => {
    port = await gateway('jobs', true);
  });

  // A claim is not what chooses here.
  const tasks: TokenSpec = { as: 'queue', claims: { kumiko_preview: { job: 'pr-9' } } };
  const stranger: TokenSpec = { as: 'queue', claims: { email: 'evil@elsewhere.iam.gserviceaccount.com' } };

  async function task(spec: TokenSpec | undefined, headers: Headers): Promise<number> {
    const token = spec === undefined ? [] : [['authorization', `Bearer ${await authority.token(spec)}`] as const];
    const all = [['content-type', 'application/json'] as const, ...token, ...headers];
    const body = Buffer.from('{"order":"orders/1"}');
    return (await send(port, { protocol: 'HTTP/1.1', method: 'POST', path: '/v1/tasks/capture-payment', headers: all, body })).status;
  }

  test('leads a task to the preview that its header names, and the header goes on', async () => {
    expect(await task(tasks, [['x-kumiko-preview', 'partner=pr-1,job=pr-1']])).toBe(200);
    expect(seen()).toEqual({ standard: 0, preview: 1 });
    expect(preview.seen[0]!.headers.get('x-kumiko-preview')).toBe('job=pr-1,partner=pr-1');
  });

  test('leads a task whose preview is gone to the default, strict or not', async () => {
    expect(await task(tasks, [['x-kumiko-preview', 'job=pr-2']])).toBe(200);
    expect(seen()).toEqual({ standard: 1, preview: 0 });
  });

  test('takes the choice from nothing else', async () => {
    expect(await task(tasks, [['x-kumiko-preview-job', 'pr-1']])).toBe(200);
    expect(seen()).toEqual({ standard: 1, preview: 0 });
    expect([...standard.seen[0]!.headers.keys()].filter((name) => name.startsWith('x-kumiko'))).toEqual([]);
  });

  // Envoy matches header lines one by one: the filter has made one line of them before a route is chosen.
  test.each([
    { lines: ['job=pr-1', 'job=pr-2'], seenThere: { standard: 0, preview: 1 } },
    { lines: ['job=pr-2', 'job=pr-1'], seenThere: { standard: 1, preview: 0 } },
  ])('of a header that stands twice the first one counts: $lines', async ({ lines, seenThere }) => {
    expect(
      await task(
        tasks,
        lines.map((line) => ['x-kumiko-preview', line] as const),
      ),
    ).toBe(200);
    expect(seen()).toEqual(seenThere);
    expect((standard.seen[0] ?? preview.seen[0])!.headers.get('x-kumiko-preview')).toBe(lines[0]);
  });

  test('takes it from nobody else', async () => {
    expect(await task(undefined, [['x-kumiko-preview', 'job=pr-1']])).toBe(401);
    expect(await task(stranger, [['x-kumiko-preview', 'job=pr-1']])).toBe(403);
    expect(seen()).toEqual({ standard: 0, preview: 0 });
  });
});
