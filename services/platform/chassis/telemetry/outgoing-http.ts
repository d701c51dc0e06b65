import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { inSpan } from '../../contracts/in-span.ts';
import { activeTraceparent } from '../../contracts/traceparent.ts';

/** What an outgoing request is beside its URL. */
interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly body?: string;
}

/**
 * `fetch` in a client span, whose context travels in `traceparent` (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span).
 *
 * @param template the path without ids, such as "/v1/payment_intents/{id}": it names the span.
 */
export function tracedFetch(url: string, template: string, { headers, ...request }: OutgoingRequest, send = fetch): Promise<Response> {
  const { hostname, port, protocol } = new URL(url);
  const attributes = {
    'http.request.method': request.method,
    'url.template': template,
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };
  return inSpan(`${request.method} ${template}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const traceparent = activeTraceparent();
    const response = await send(url, { ...request, headers: { ...headers, ...(traceparent !== undefined && { traceparent }) } });
    span.setAttribute('http.response.status_code', response.status);
    if (response.status >= 400) span.setAttribute('error.type', String(response.status)).setStatus({ code: SpanStatusCode.ERROR });
    return response;
  });
}
