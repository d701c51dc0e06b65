import type { ErrorObject } from 'ajv/dist/2020.js';
import type { ApiDocument, Schema } from './api-document.ts';
import { snake } from './snake.ts';

/**
 * The kind of what the gateway may take although the document says no: all of them are forms that protobuf's JSON allows to readers
 * (https://protobuf.dev/programming-guides/json/), and that no client should write. Undefined for what has to be refused.
 */
export function differenceOf({ keyword, params, data, parentSchema }: ErrorObject, api: ApiDocument): string | undefined {
  const schema = api.resolve((parentSchema ?? {}) as Schema);
  switch (keyword) {
    case 'additionalProperties': {
      const name = (params as { additionalProperty: string }).additionalProperty;
      return Object.keys(schema.properties ?? {}).some((known) => snake(known) === name) ? 'proto-name' : 'unknown-field';
    }
    case 'required': {
      const { missingProperty } = params as { missingProperty: string };
      return snake(missingProperty) in (data as object) ? 'proto-name' : undefined;
    }
    case 'pattern':
    case 'format':
      return data === '' ? 'empty-text' : undefined;
    case 'enum':
      return Number.isInteger(data) ? 'enum-as-number' : undefined;
    case 'type':
      if (data === null) return 'null';
      if (schema.type === 'integer' && typeof data === 'string' && /^-?\d+$/.test(data)) return 'number-as-text';
      if (schema.type === 'string' && /int64$/.test(schema.format ?? '') && Number.isInteger(data)) return 'int64-as-number';
      if (schema.enum !== undefined && Number.isInteger(data)) return 'enum-as-number';
      if (schema.format === 'date-time' && typeof data === 'object') return 'time-as-object';
      return undefined;
    default:
      return undefined;
  }
}
