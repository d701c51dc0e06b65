import type { ApiDocument, Schema } from './document.ts';
import { element } from './element.ts';

/** The fields of a schema with their types and comments, those of objects inside below them. */
export function schemaView(schema: Schema, api: ApiDocument, above: readonly string[] = []): HTMLElement {
  const name = schema.$ref?.split('/').at(-1);
  const { properties, required = [], items } = resolve(schema, api);
  if (items !== undefined) return schemaView(items, api, above);
  if (properties === undefined || (name !== undefined && above.includes(name))) return element('span');
  const inside = name === undefined ? above : [...above, name];
  return element(
    'ul',
    { class: 'fields' },
    ...Object.entries(properties).map(([key, field]) =>
      element(
        'li',
        {},
        element('code', {}, key),
        ' ',
        element('span', { class: 'type' }, [typeOf(field, api), ...(required.includes(key) ? ['required'] : [])].join(', ')),
        ' ',
        field.description ?? '',
        schemaView(field, api, inside),
      ),
    ),
  );
}

/** A schema's type and what it is held against, in words. */
export function typeOf(schema: Schema, api: ApiDocument): string {
  const name = schema.$ref?.split('/').at(-1);
  const { type = 'any', format, items, enum: values, pattern, minimum, maximum, maxLength } = resolve(schema, api);
  const { readOnly, deprecated } = schema;
  const shown = items === undefined ? (name ?? format ?? type) : `list of ${typeOf(items, api)}`;
  return [
    shown,
    ...(values === undefined ? [] : [`one of ${values.join(', ')}`]),
    ...(pattern === undefined || format !== undefined ? [] : [`as ${pattern}`]),
    ...(minimum === undefined || maximum === undefined || minimum < -2_000_000_000 ? [] : [`${minimum} to ${maximum}`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(readOnly === true ? ['read only'] : []),
    ...(deprecated === true ? ['deprecated'] : []),
  ].join(', ');
}

function resolve(schema: Schema, api: ApiDocument): Schema {
  return (schema.$ref === undefined ? undefined : api.components.schemas[schema.$ref.replace(/.*\//, '')]) ?? schema;
}
