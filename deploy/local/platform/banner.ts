import { openRead } from '../../environments/open-read.ts';
import { devToken } from './dev-token.ts';
import { operatorEmail } from './place.ts';
import type { Platform } from './start-platform.ts';

/** Prints where things are, a token of each kind, and one call by curl and one by gRPC that work as they stand. */
export async function printBanner({ endpoints, consoleUrl }: Platform): Promise<void> {
  const [customer, partner, operator] = await Promise.all([
    devToken(endpoints, 'customer', 'alice'),
    devToken(endpoints, 'partner', 'acme'),
    devToken(endpoints, 'operator', operatorEmail),
  ]);
  const { edge, jobs, admin, jobs_admin, issuer, spanner, pubsub, tasks, scheduler, run, clock, outside, previews } = endpoints;
  const places = { edge, jobs, admin, jobs_admin, issuer, spanner, pubsub, tasks, scheduler, run, ...outside, clock };
  const { path, grpcPath } = openRead();
  const lines = [
    '',
    ...Object.entries(places).map(([name, place]) => `  ${name.padEnd(18)}${place}`),
    ...Object.entries(previews).map(([name, url]) => `  ${name.padEnd(18)}${url}  (a preview)`),
    '',
    '  tokens, for an hour (npm run -s token -- customer alice):',
    `  customer alice      ${customer}`,
    `  partner acme        ${partner}`,
    `  operator            ${operator}`,
    '',
    ...(consoleUrl === undefined ? [] : [`  the console: ${consoleUrl}`]),
    `  the REST API, with a page to try it: ${edge}/docs`,
    '  try REST:',
    `  curl -s ${edge}${path}`,
    '  try gRPC:',
    `  npm run -s grpc -- ${new URL(edge).host} ${grpcPath.slice(1)} '{}' "$(npm run -s token -- customer alice)"`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
