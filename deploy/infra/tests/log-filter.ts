/** A line as Cloud Logging keeps it. */
export interface LogEntry {
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly jsonPayload?: Readonly<Record<string, unknown>>;
  readonly textPayload?: string;
}

/** What a container of a Cloud Run service has written, as an entry: a line of JSON is a jsonPayload. */
export function writtenBy(service: string, line: string | Readonly<Record<string, unknown>>): LogEntry {
  const resource = { type: 'cloud_run_revision', labels: { service_name: service } };
  return typeof line === 'string' ? { resource, textPayload: line } : { resource, jsonPayload: line };
}

/** Whether a filter lets an entry through: of Cloud Logging's language what our metrics use of it, comparisons joined by AND. */
export function lets(filter: string, entry: LogEntry): boolean {
  return filter.split(' AND ').every((comparison) => {
    const [, field = '', operator, wanted = ''] = /^([\w.]+)(=~|>=|=|:)(.+)$/.exec(comparison) ?? [];
    const value = fieldOf(entry, field);
    // A comparison with a field that is not there is false, whatever it says.
    if (value === undefined || value === null) return false;
    if (wanted === '*') return true;
    const text = JSON.parse(wanted);
    switch (operator) {
      case '=':
        return value === text;
      case '=~':
        return new RegExp(text).test(String(value));
      case '>=':
        return typeof value === 'number' && value >= text;
      case ':':
        return String(value).toLowerCase().includes(String(text).toLowerCase());
      default:
        throw new Error(`no comparison: ${comparison}`);
    }
  });
}

/** What EXTRACT(field) takes out of an entry. */
export function extract(extractor: string, entry: LogEntry): unknown {
  const field = /^EXTRACT\(([\w.]+)\)$/.exec(extractor)?.[1];
  if (field === undefined) throw new Error(`no extractor: ${extractor}`);
  return fieldOf(entry, field);
}

function fieldOf(entry: LogEntry, field: string): unknown {
  return field.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], entry);
}
