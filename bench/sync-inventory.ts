import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { location } from '../deploy/local/platform/place.ts';
import { outsidePort } from '../deploy/local/platform/ports.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { serviceEnvironment } from '../deploy/local/platform/service-environment.ts';
import { type Client, createClient } from '../services/platform/contracts/client.ts';
import { JobService } from '../services/platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { describeMethod } from '../services/platform/contracts/methods.ts';
import { triggersOf } from '../services/platform/contracts/triggers.ts';
import { machine } from './load/compare.ts';
import { type LoadProcess, type RestRequest, startLoadProcess } from './load/load.ts';
import { peakResidentBytes, watchMemory } from './load/memory.ts';
import { cpuMilliseconds } from './load/process-cpu.ts';
import { checkedIdentityHeader } from './servers/identity-header.ts';
import { type ImageService, startImageService } from './servers/image-service.ts';
import { type BenchPlatform, startBenchPlatform } from './servers/platform.ts';

export const question =
  'How long does SyncInventory take for 100,000 items of the outside inventory, and what memory does the job service have at most? (target: under 150 MB)';

const items = 100_000;
const itemsInOneLoad = 10_000;
/** Every so many items one has a deal: each page changes some. */
const itemsForEachDeal = 200;
const deals = items / itemsForEachDeal;
const stockBefore = 100;
const stockAfter = 500;
const onSaleTimeoutMs = 30_000;
const megabyte = 1e6;

/**
 * Two runs of the schedule's method in the job service as its image holds it, called as the jobs gateway calls it: one that changes deals and one that finds
 * all as it is. The platform around it has the inventory system, the partner service behind its IAM check, and the database.
 */
export async function run(report: (line: string) => void): Promise<void> {
  const bench = await startBenchPlatform();
  const load = startLoadProcess();
  let job: ImageService | undefined;
  try {
    await pauseSchedule(bench);
    await fillInventory(bench, load);
    await makeDeals(bench);
    const { ports, secrets } = bench.platform;
    job = await startImageService('job', serviceEnvironment('job', ports, secrets));
    report(machine());
    const client = await connect(bench, job.url);
    for (const [what, changed] of [
      [`${deals} deals change`, deals],
      ['nothing changes', 0],
    ] as const)
      report(`${items} items, ${what}: ${await measureRun(client, job.pid, changed)}`);
    client.close();
    await untilOnSale(bench, stockAfter);
    await checkStock(bench);
    report(`the job service had ${(peakResidentBytes(job.pid) / megabyte).toFixed(0)} MB at most (RSS; target under 150)`);
  } finally {
    load.stop();
    await job?.stop();
    await bench.close();
  }
}

async function connect({ token }: BenchPlatform, url: string): Promise<Client<typeof JobService>> {
  const [gateway, trigger] = await Promise.all([
    token({ kind: 'service', subject: 'job', as: 'jobs-gateway' }),
    token({ kind: 'trigger', subject: 'scheduler' }),
  ]);
  const headers = { ...checkedIdentityHeader(gateway), authorization: `Bearer ${trigger}` };
  return createClient(JobService, { url, headers: async () => headers });
}

/** Describes a run. @throws where it did not take in every item, or changed other deals than it should. */
async function measureRun(client: Client<typeof JobService>, pid: number, changed: number): Promise<string> {
  const startedAt = performance.now();
  const cpuBefore = cpuMilliseconds(pid);
  const { result, largestBytes } = await watchMemory(pid, () => client.syncInventory({}));
  const seconds = (performance.now() - startedAt) / 1_000;
  if (result.items !== items || result.updatedDeals !== changed) {
    throw new Error(`${result.items} items and ${result.updatedDeals} deals: ${items} and ${changed} were expected`);
  }
  const cpuSeconds = (cpuMilliseconds(pid) - cpuBefore) / 1_000;
  return (
    `${seconds.toFixed(1)} s, ${(items / seconds).toFixed(0)} items/s; the job service used ${cpuSeconds.toFixed(1)} s of CPU time ` +
    `and ${(largestBytes / megabyte).toFixed(0)} MB at most (PSS)`
  );
}

/** Stops Cloud Scheduler from calling by itself: a run of its own would have the lease. */
async function pauseSchedule({ platform: { endpoints } }: BenchPlatform): Promise<void> {
  const [trigger] = triggersOf(describeMethod(JobService.method.syncInventory));
  const job = `projects/${endpoints.project}/locations/${location}/jobs/${trigger?.resourceId}`;
  const response = await fetch(`${endpoints.scheduler}/v1/${job}:pause`, { method: 'POST' });
  if (!response.ok) throw new Error(`pausing ${job}: HTTP ${response.status}`);
}

async function fillInventory({ platform: { ports, secrets } }: BenchPlatform, load: LoadProcess): Promise<void> {
  const headers = { authorization: `Bearer ${secretOf(secrets, 'inventory-key')}` };
  const body = JSON.stringify({ stock: stockAfter });
  for (let from = 0; from < items; from += itemsInOneLoad) {
    const requests = Array.from(
      { length: itemsInOneLoad },
      (_, index): RestRequest => ({ method: 'PUT', path: `/v1/stock/${skuOf(from + index)}`, headers, body }),
    );
    await load.runOnce({ kind: 'rest', port: outsidePort(ports, 'inventory'), requests, connections: 16 });
  }
}

/** Published, as a partner does it through the edge gateway: customers are told of each new stock. */
async function makeDeals(bench: BenchPlatform): Promise<void> {
  const { platform, token } = bench;
  const headers = { authorization: `Bearer ${await token({ kind: 'partner', subject: 'acme' })}`, 'content-type': 'application/json' };
  const post = async (path: string, body: object): Promise<{ name: string }> => {
    const response = await fetch(`${platform.endpoints.edge}/v1/partner/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST ${path}: HTTP ${response.status} ${await response.text()}`);
    return (await response.json()) as { name: string };
  };
  const price = { currencyCode: 'JPY', units: '1980' };
  for (let index = 0; index < deals; index++) {
    const sku = skuOf(index * itemsForEachDeal);
    const deal = { title: sku, description: sku, price, groupSize: 3, stock: String(stockBefore), sku };
    const { name } = await post(`deals?request_id=${randomUUID()}`, deal);
    await post(`${name}:publish`, {});
  }
  await untilOnSale(bench, stockBefore);
}

/** Waits until customers are told of every deal with this stock. */
async function untilOnSale({ rows }: BenchPlatform, stock: number): Promise<void> {
  const deadline = performance.now() + onSaleTimeoutMs;
  for (;;) {
    const [row] = await rows('SELECT count(*) AS count FROM customer.deal_allocations WHERE stock = $1', [stock]);
    if (Number(row?.['count']) === deals) return;
    if (performance.now() > deadline) throw new Error(`${row?.['count']} of ${deals} deals are on sale with stock ${stock}`);
    await delay(100);
  }
}

function skuOf(index: number): string {
  return `SKU-${String(index).padStart(6, '0')}`;
}

async function checkStock({ rows }: BenchPlatform): Promise<void> {
  const [row] = await rows(
    `SELECT (SELECT count(*) FROM partner.deals WHERE stock = $1) AS right_stock, (SELECT count(*) FROM partner.deals) AS deals,
      (SELECT count(*) FROM job.job_runs WHERE state = 'SUCCEEDED' AND items = $2) AS runs`,
    [stockAfter, items],
  );
  if (Number(row?.['right_stock']) !== deals || Number(row?.['deals']) !== deals || Number(row?.['runs']) !== 2) {
    throw new Error(
      `of ${deals} deals ${row?.['right_stock']} have the inventory's stock, and ${row?.['runs']} of 2 runs came to their end`,
    );
  }
}
