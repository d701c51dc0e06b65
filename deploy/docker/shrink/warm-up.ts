import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { callersOf } from '../../../services/platform/contracts/callers.ts';
import { MaintenanceService } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { MethodPolicySchema } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { grpcPath } from '../../../services/platform/contracts/methods.ts';
import { openRead } from '../../environments/open-read.ts';
import { ImageProcess } from '../image-process.ts';
import { healthCheck, type RawCall } from '../running-server.ts';
import { calledBy, type ScratchCloud } from '../scratch-cloud.ts';

// RelayOutboxRequest { limit: 1 }.
const one = Buffer.from([0x08, 0x01]);

/** Calls that an empty database answers: the upkeep that every service has, and the open read of the one that has it. */
export function warmUpCalls(service: string): RawCall[] {
  const relay = MaintenanceService.method.relayOutbox;
  const [caller] = callersOf(relay, create(MethodPolicySchema));
  const open = openRead();
  return [
    ...(caller === undefined ? [] : [{ path: grpcPath(relay), headers: calledBy(caller), body: one }]),
    ...(service === open.service ? [{ path: open.grpcPath, headers: calledBy('edge-gateway') }] : []),
  ];
}

/** Makes a process write its code cache when it ends by itself. */
export const recordsCode = { NODE_OPTIONS: `--require=${join(import.meta.dirname, 'code-cache-recorder.cjs')}` } as const;

/**
 * Fills the code cache of a service's tree: it is what V8 made of the functions that ran, so the service runs and answers. The cache is of use to the same
 * version of Node on a CPU with the same features; everywhere else the service starts without it.
 *
 * @throws where the service does not start, answer or end as it should.
 */
export async function warmUp(service: string, tree: string, cloud: ScratchCloud): Promise<void> {
  const process = new ImageProcess(tree, {
    ...cloud.environmentOf(service),
    ...recordsCode,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  });
  let failure: unknown;
  for (const call of [healthCheck, ...warmUpCalls(service)]) {
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
