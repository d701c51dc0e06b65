import type { Endpoints } from './endpoints.ts';
import { devToken } from './seed.ts';
import type { Platform } from './start-platform.ts';
import { operatorEmail } from './surroundings.ts';

const shown: readonly (keyof Endpoints)[] = [
  'edge',
  'jobs',
  'admin',
  'jobs_admin',
  'issuer',
  'spanner',
  'pubsub',
  'tasks',
  'scheduler',
  'payment_provider',
  'carrier',
  'inventory',
  'clock',
];

/** Prints where things are, a token of each kind, and one call by curl and one by gRPC that work as they stand. */
export async function printBanner({ endpoints }: Platform): Promise<void> {
  const [customer, partner, operator] = await Promise.all([
    devToken(endpoints, 'customer', 'alice'),
    devToken(endpoints, 'partner', 'acme'),
    devToken(endpoints, 'operator', operatorEmail),
  ]);
  const edgeHost = new URL(endpoints.edge).host;
  const lines = [
    '',
    ...shown.map((name) => `  ${name.padEnd(18)}${endpoints[name]}`),
    ...Object.entries(endpoints.previews).map(([name, url]) => `  ${name.padEnd(18)}${url}  (a preview)`),
    '',
    '  tokens, for an hour (npm run -s token -- customer alice):',
    `  customer alice      ${customer}`,
    `  partner acme        ${partner}`,
    `  operator            ${operator}`,
    '',
    '  try REST:',
    `  curl -s ${endpoints.edge}/v1/deals`,
    '  try gRPC:',
    `  npm run -s grpc -- ${edgeHost} kumiko.partner.v1.PartnerService/ListDeals '{}' "$(npm run -s token -- partner acme)"`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
