import { ClientError } from '../../../services/platform/contracts/client-error.ts';
import { MaintenanceService } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { serviceNames, services } from '../../../services/platform/contracts/services.ts';
import { devToken } from '../platform/dev-token.ts';
import type { Endpoints } from '../platform/endpoints.ts';
import type { JsonRoute } from '../shared/http/json-server.ts';
import { noBody } from '../shared/http/json-server.ts';
import type { BacklogRow } from './api.ts';

const relayed = 1_000;
const patienceMs = 3_000;

/** The outboxes and inboxes of the services, by what the platform itself may ask each of them. */
export function backlogRoutes(endpoints: () => Endpoints): JsonRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/backlogs',
      handle: async () => ({
        status: 200,
        body: { backlogs: await Promise.all(serviceNames.map((service) => backlogOf(endpoints(), service))) },
      }),
    },
    {
      method: 'POST',
      path: '/api/backlogs/{service}/relay',
      handle: async (request) => {
        request.json(noBody);
        const answer = await asking(endpoints(), request.params['service']!, (client) => client.relayOutbox({ limit: relayed }));
        return { status: 200, body: { published: answer.published, failed: answer.failed } };
      },
    },
  ];
}

async function backlogOf(endpoints: Endpoints, service: string): Promise<BacklogRow> {
  try {
    const { tables } = await asking(endpoints, service, (client) => client.getBacklog({}, { deadline: new Date(Date.now() + patienceMs) }));
    const shown = tables.map(({ table, rows, oldestAge }) => ({
      table,
      rows: Number(rows),
      oldestMs: oldestAge === undefined ? undefined : Number(oldestAge.seconds) * 1_000 + oldestAge.nanos / 1e6,
    }));
    return { service, tables: shown, error: undefined };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { service, tables: [], error: error.message };
  }
}

/** As one of those who may call the platform's own methods. */
async function asking<T>(
  endpoints: Endpoints,
  service: string,
  ask: (client: Awaited<ReturnType<typeof maintenanceClient>>) => Promise<T>,
): Promise<T> {
  const caller = services.find(({ maintains }) => maintains)?.name ?? service;
  const token = await devToken(endpoints, 'service', service, { as: caller });
  const client = await maintenanceClient(endpoints.services[service] ?? '', token);
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

/** Loaded when it is asked for: the supervisor speaks gRPC for nothing else. */
async function maintenanceClient(url: string, token: string) {
  const { createClient } = await import('../../../services/platform/contracts/client.ts');
  return createClient(MaintenanceService, { url, headers: async () => ({ 'x-serverless-authorization': `Bearer ${token}` }) });
}
