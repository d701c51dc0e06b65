import { gateways } from '../../../../services/platform/contracts/identities.ts';
import { product } from '../../../../services/platform/contracts/services.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import { type JsonRoute, route } from '../../shared/http/json-server.ts';
import { parseTraceQuery, QueryError } from '../traces/trace-query.ts';
import type { Inspected } from './inspected.ts';

/** The service that the edge gateway's spans name: what people and partners begin comes by it. */
const edge = `${product}-${gateways[0]}-gateway`;
const listLength = 200;
/** Of a trace: a page that shows more is read by nobody. */
const shownSpans = 10_000;

/** What was observed: runs, traces, and what passed in them. */
export function traceRoutes({ runs, spans, records, rates }: Inspected): JsonRoute[] {
  return [
    {
      method: 'GET',
      path: '/traces',
      handle: ({ query }) => {
        const run = query.get('run');
        const traces = spans.search({
          terms: termsOf(query.get('q') ?? ''),
          run: run === null ? undefined : Number(run),
          throughService: query.has('all') ? undefined : edge,
          limit: listLength,
        });
        return { status: 200, body: { runs: runs.runs(), current: runs.current, seq: spans.lastSeq(), traces } };
      },
    },
    route({
      method: 'GET',
      path: '/traces/{id}',
      handle: ({ params: { id } }) => {
        const found = /^[0-9a-f]{4,32}$/.test(id) ? spans.trace(id, shownSpans) : [];
        const trace = found[0]?.trace ?? id;
        const kept = records.ofTrace(trace);
        if (found.length + kept.length === 0) throw new HttpProblem(404, 'not_found', `There is no trace ${id}, or it is forgotten.`);
        return { status: 200, body: { trace, spans: found, records: kept, isCut: found.length === shownSpans } };
      },
    }),
    // A number that grows with whatever is seen.
    { method: 'GET', path: '/seq', handle: () => ({ status: 200, body: { seq: spans.lastSeq() + records.lastSeq() } }) },
    { method: 'GET', path: '/rates', handle: () => ({ status: 200, body: { rates: rates.rates() } }) },
    {
      method: 'GET',
      path: '/records',
      handle: ({ query }) => {
        const mention = query.get('mention');
        const found = records.newest({
          kinds: (query.get('kinds') ?? '').split(','),
          resource: query.get('resource') ?? '',
          ...(mention !== null && { mention }),
          limit: listLength,
        });
        return { status: 200, body: { records: found } };
      },
    },
  ];
}

function termsOf(text: string) {
  try {
    return parseTraceQuery(text);
  } catch (error) {
    if (error instanceof QueryError) throw new HttpProblem(400, 'invalid_query', error.message);
    throw error;
  }
}
