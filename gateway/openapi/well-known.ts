import type { Json, JsonObject } from '../bootstrap/json.ts';
import { integerText } from './rules.ts';

/** How a message of Google's is written where JSON has a form of its own for it (https://protobuf.dev/programming-guides/json/), and a sample of it. */
interface KnownType {
  readonly schema: JsonObject;
  readonly sample: Json;
}

const number = (type: 'integer' | 'number', format: string): KnownType => ({ schema: { type, format }, sample: 1 });
const longText = (format: string): KnownType => ({ schema: { type: 'string', format, pattern: integerText() }, sample: '1' });

/** By the type's name. */
export const knownTypes: ReadonlyMap<string, KnownType> = new Map(
  Object.entries<KnownType>({
    'google.protobuf.Timestamp': { schema: { type: 'string', format: 'date-time' }, sample: '2026-01-02T03:04:05Z' },
    'google.protobuf.Duration': { schema: { type: 'string', pattern: '^-?[0-9]{1,11}(\\.[0-9]{1,9})?s$' }, sample: '3600s' },
    // Paths by commas; the transcoder reads brackets of any kind as keys of maps.
    'google.protobuf.FieldMask': { schema: { type: 'string', pattern: '^[^()\\[\\]]*$' }, sample: '*' },
    'google.protobuf.Struct': { schema: { type: 'object' }, sample: {} },
    'google.protobuf.Value': { schema: {}, sample: 'value' },
    'google.protobuf.ListValue': { schema: { type: 'array', items: {} }, sample: [] },
    'google.protobuf.Any': {
      schema: {
        type: 'object',
        required: ['@type'],
        properties: { '@type': { type: 'string', description: "The message's type, as a URL." } },
      },
      sample: { '@type': 'type.googleapis.com/google.protobuf.Empty', value: {} },
    },
    'google.protobuf.Empty': { schema: { type: 'object', additionalProperties: false }, sample: {} },
    'google.protobuf.StringValue': { schema: { type: 'string' }, sample: 'text' },
    'google.protobuf.BytesValue': { schema: { type: 'string', contentEncoding: 'base64' }, sample: 'AA==' },
    'google.protobuf.BoolValue': { schema: { type: 'boolean' }, sample: true },
    'google.protobuf.Int32Value': number('integer', 'int32'),
    'google.protobuf.UInt32Value': number('integer', 'uint32'),
    'google.protobuf.FloatValue': number('number', 'float'),
    'google.protobuf.DoubleValue': number('number', 'double'),
    'google.protobuf.Int64Value': longText('int64'),
    'google.protobuf.UInt64Value': longText('uint64'),
  }),
);

/** Samples of Google's common types, which are messages like ours but mean something. */
export const commonSamples: ReadonlyMap<string, JsonObject> = new Map([
  ['google.type.Money', { currencyCode: 'JPY', units: '1200' }],
  [
    'google.type.PostalAddress',
    { regionCode: 'JP', postalCode: '150-0001', administrativeArea: 'Tokyo', addressLines: ['1-2-3 Jingumae'], recipients: ['Hana Sato'] },
  ],
]);
