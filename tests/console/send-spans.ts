import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const source = readFileSync(join(import.meta.dirname, '../../deploy/local/cloud/traces/otlp.proto'), 'utf8');
const request = protobuf.parse(source).root.lookupType('otlp.ExportTraceServiceRequest');
const serverKind = 2;

/** A span that is sent, with hexadecimal ids. */
interface SentSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly name: string;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  readonly endUs: number;
}

/** Sends spans of a service to whoever takes traces, by OTLP over HTTP. */
export async function sendSpans(traces: string, service: string, spans: readonly SentSpan[]): Promise<void> {
  const message = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
        scopeSpans: [
          {
            spans: spans.map(({ trace, id, parent = '', name, startUs, endUs }) => ({
              traceId: Buffer.from(trace, 'hex'),
              spanId: Buffer.from(id, 'hex'),
              parentSpanId: Buffer.from(parent, 'hex'),
              name,
              kind: serverKind,
              startTimeUnixNano: `${startUs}000`,
              endTimeUnixNano: `${endUs}000`,
            })),
          },
        ],
      },
    ],
  };
  const body = request.encode(request.fromObject(message)).finish();
  const response = await fetch(`${traces}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(body),
  });
  if (!response.ok) throw new Error(`spans are refused: HTTP ${response.status}`);
}
