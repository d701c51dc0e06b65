import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v2 } from '@google-cloud/run';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RunServer, startRun } from '../../deploy/local/cloud/run/start-run.ts';
import { systemClock } from '../../deploy/local/shared/local-server.ts';
import { listPreviews } from './list-previews.ts';

// Google's client, and the local cloud's server of the same API.
vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
vi.setConfig({ hookTimeout: 60_000 });

const parent = 'projects/kumiko-local/locations/asia-northeast1';
/** More than a page has. */
const names = Array.from({ length: 120 }, (_, index) => `shop${String(index).padStart(3, '0')}`);

let stateDir: string;
let server: RunServer;
let client: v2.ServicesClient;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-listing-'));
  server = await startRun({ port: 0, stateDir, clock: systemClock, onChange: () => {} });
  const address = { apiEndpoint: '127.0.0.1', port: server.port, sslCreds: credentials.createInsecure() };
  client = new v2.ServicesClient({ projectId: 'kumiko-local', ...address });
  for (const serviceId of names) {
    const traffic = [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const, percent: 100, tag: 'pr-1' }];
    const [operation] = await client.createService({ parent, serviceId, service: { template: { containers: [{ image: 'x' }] }, traffic } });
    await operation.promise();
  }
});

afterAll(async () => {
  await client.close();
  await server.close();
  rmSync(stateDir, { recursive: true });
});

const list = (of: Pick<v2.ServicesClient, 'listServicesAsync'>) => listPreviews({ client: of, parents: [parent], services: names });

/** What is listed while services are taken away behind the first page: one that has been told, and one that is to come. */
async function whileVanishing(): Promise<{ found: string[]; told: string; toCome: string }> {
  const seen: string[] = [];
  let [told, toCome] = ['', ''];
  const vanishing = {
    listServicesAsync: (...args: Parameters<v2.ServicesClient['listServicesAsync']>) =>
      (async function* () {
        for await (const service of client.listServicesAsync(...args)) {
          yield service;
          seen.push(service.name!.split('/').at(-1)!);
          if (seen.length !== 100) continue;
          told = seen[0]!;
          toCome = names.find((name) => !seen.includes(name))!;
          for (const name of [told, toCome]) await (await client.deleteService({ name: `${parent}/services/${name}` }))[0].promise();
        }
      })(),
  };
  const { previews } = await list(vanishing as never);
  return { found: previews.map(({ service }) => service), told, toCome };
}

test('services that come by pages are all listed, each once', async () => {
  const { services, previews } = await list(client);
  expect(services).toBe(120);
  expect(previews.map(({ service }) => service).toSorted()).toEqual(names);
});

test('where services vanish in the middle of a listing, every other one is listed, once; the next listing has none of them', async () => {
  const { found, told, toCome } = await whileVanishing();
  expect(found.filter((name) => name !== told).toSorted()).toEqual(names.filter((name) => name !== told && name !== toCome));
  expect(new Set(found).size).toBe(found.length);
  const left = names.filter((name) => name !== told && name !== toCome);
  expect((await list(client)).previews.map(({ service }) => service).toSorted()).toEqual(left);
});
