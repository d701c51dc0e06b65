import type { JsonValue } from '@bufbuild/protobuf';
import { isRedacted, masked } from './mask-message.ts';
import { readMessageTypes } from './message-types.ts';

let names: ReadonlySet<string> | undefined;

/**
 * JSON that no proto describes, such as a webhook's body, as it may be shown: a field that is marked with `debug_redact` in any of our messages is masked under
 * its name wherever it stands.
 */
export function maskedFields(value: JsonValue): JsonValue {
  names ??= redactedNames();
  return maskNamed(value, names);
}

function redactedNames(): ReadonlySet<string> {
  const messages = [...readMessageTypes().registry].filter((type) => type.kind === 'message');
  return new Set(messages.flatMap(({ fields }) => fields.filter(isRedacted).flatMap(({ name, jsonName }) => [name, jsonName])));
}

function maskNamed(value: JsonValue, hidden: ReadonlySet<string>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => maskNamed(item, hidden));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hidden.has(name) ? masked : maskNamed(item, hidden)]));
}
