import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunStore } from '../deploy/local/cloud/traces/run-store.ts';
import type { Span } from '../deploy/local/cloud/traces/span.ts';
import { openSpanStore } from '../deploy/local/cloud/traces/span-store.ts';
import { parseTraceQuery } from '../deploy/local/cloud/traces/trace-query.ts';
import { seededRandom } from '../services/platform/tools/seeded-random.ts';
import { machine, median } from './load/compare.ts';

export const question =
  'How long does it take to find an attribute, a duration or a text in 10,000 spans, and to list the newest (target: 100 ms)?';

const rounds = 30;
const spansOfTrace = 10;
/** What the target says, and what is kept at most. */
const sizes = [10_000, 50_000];
const edge = 'kumiko-edge-gateway';
const questions = [
  '',
  'order-17',
  '"/v1/orders/order-17"',
  'order.id=order-17',
  'http.response.status_code=200',
  '>1s',
  '<2ms',
  'failed service:customer',
  'nobody-has-it',
];

/** Asks the store of the local cloud, as the console does. */
export async function run(report: (line: string) => void): Promise<void> {
  report(machine());
  for (const size of sizes) {
    const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
    const runs = openRunStore(stateDir, 1);
    try {
      const spans = openSpanStore(runs);
      for (let trace = 0; trace < size / spansOfTrace; trace += 1) spans.add(traceOf(trace));
      for (const text of questions) {
        const terms = parseTraceQuery(text);
        const times: number[] = [];
        let found = 0;
        for (let round = 0; round <= rounds; round += 1) {
          const startedAt = performance.now();
          found = spans.search({ terms, throughService: edge, limit: 200 }).length;
          if (round > 0) times.push(performance.now() - startedAt);
        }
        const what = text === '' ? 'the newest' : text;
        report(
          `${size} spans, ${what}: ${median(times).toFixed(1)} ms, at most ${Math.max(...times).toFixed(1)} ms (${found} traces; target 100 ms of 10000)`,
        );
      }
    } finally {
      runs.close();
      rmSync(stateDir, { recursive: true, force: true });
    }
  }
}

const random = seededRandom(1);

/** A request as it goes through the edge, a service and its database. */
function traceOf(number: number): Span[] {
  const trace = number.toString(16).padStart(32, '0');
  const startUs = 1_700_000_000_000_000 + number * 1_000;
  return Array.from({ length: spansOfTrace }, (_, index): Span => {
    const tookUs = Math.round(random() ** 4 * 1_500_000);
    return {
      trace,
      id: (number * spansOfTrace + index).toString(16).padStart(16, '0'),
      parent: index === 0 ? undefined : (number * spansOfTrace).toString(16).padStart(16, '0'),
      service: index === 0 ? edge : index < 4 ? 'customer' : 'job',
      name: index === 0 ? 'ingress' : index === 1 ? 'kumiko.customer.v1.CustomerService/GetOrder' : 'SELECT customer.orders',
      kind: index < 2 ? 'server' : 'client',
      startUs: startUs + index * 100,
      endUs: startUs + index * 100 + tookUs,
      failed: random() < 0.02,
      attributes: {
        'http.url': `http://127.0.0.1:7400/v1/orders/order-${number % 500}`,
        'http.response.status_code': 200,
        'order.id': `order-${number % 500}`,
        'server.address': '127.0.0.1',
        'server.port': 7405,
        'db.query.summary': 'SELECT customer.orders',
        'user_agent.original': 'curl/8.14.1',
        'request.id': `${number}-${index}`,
      },
      links: [],
    };
  });
}
