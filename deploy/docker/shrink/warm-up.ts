import { join } from 'node:path';
import { healthCheck, ImageProcess, type RawCall } from '../image-process.ts';
import type { ServiceImage } from '../images.ts';
import { calledBy, type ScratchCloud } from '../scratch-cloud.ts';

// RelayOutboxRequest { limit: 1 }, which is the first field of each service's own.
const one = Buffer.from([0x08, 0x01]);

/** Calls that are answered from an empty database. */
export const warmUpCalls: Readonly<Record<ServiceImage, readonly RawCall[]>> = {
  customer: [
    { path: '/kumiko.customer.v1.CustomerService/ListDeals', headers: calledBy('edge-gateway') },
    { path: '/kumiko.customer.v1.CustomerInternalService/RelayOutbox', headers: calledBy('job'), body: one },
  ],
  partner: [{ path: '/kumiko.partner.v1.PartnerInternalService/RelayOutbox', headers: calledBy('job'), body: one }],
  webhook: [{ path: '/kumiko.webhook.v1.WebhookInternalService/RelayOutbox', headers: calledBy('job'), body: one }],
  // Every method of it is for triggers, whose tokens need an issuer. To refuse a call it must have started.
  job: [{ path: '/kumiko.job.v1.JobService/HandleDealEvent', headers: calledBy('jobs-gateway'), refused: 'UNAUTHENTICATED' }],
};

/** Makes a process write its code cache when it ends by itself. */
export const recordsCode = { NODE_OPTIONS: `--require=${join(import.meta.dirname, 'code-cache-recorder.cjs')}` } as const;

/**
 * Fills the code cache of a service's tree: it is what V8 made of the functions that ran, so the service runs and answers. The cache is of use to the same
 * version of Node on a CPU with the same features; everywhere else the service starts without it.
 *
 * @throws where the service does not start, answer or end as it should.
 */
export async function warmUp(service: ServiceImage, tree: string, cloud: ScratchCloud): Promise<void> {
  const process = new ImageProcess(tree, {
    ...cloud.environmentOf(service),
    ...recordsCode,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  });
  let failure: unknown;
  for (const call of [healthCheck, ...warmUpCalls[service]]) {
    try {
      await process.call(call);
    } catch (error) {
      failure ??= error;
    }
  }
  const { code, output } = await process.stop();
  if (failure !== undefined) throw failure;
  if (code !== 0) throw new Error(`${service} ended with code ${code} after its warm-up:\n${output}`);
}
