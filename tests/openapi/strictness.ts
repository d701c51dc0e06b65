import type { ApiDocument } from './api-document.ts';
import type { Violation } from './gateway-verdict.ts';

/** Fields that a service judges by more than rules: by what it has handed out, knows, or computes. */
const judged: readonly (readonly [field: RegExp, kind: string])[] = [
  [/^(page|resume)_token$/, 'token-of-a-list'],
  [/^update_mask$/, 'path-of-a-mask'],
  [/^key\.public_key$/, 'public-key'],
  [/^topic$/, 'unknown-topic'],
  [/^(filter|order_by)$/, 'filter-of-a-list'],
];

/**
 * The kind of what is refused although the document has nothing against it: rules that JSON Schema has no word for, which the document says in words, and
 * what only the service can judge. Undefined for what the document should have said.
 */
export function strictnessOf(api: ApiDocument, { violations }: { readonly violations: readonly Violation[] }): string | undefined {
  const kinds = violations.map(({ field, description }) => {
    // As JSON has it, between quotes.
    if (api.text.includes(JSON.stringify(description).slice(1, -1))) return 'rule-in-words';
    // Those of other numbers the document has said.
    if (/^must be (greater|less) than/.test(description)) {
      if (isInt64(api, field)) return 'bounds-of-int64';
      if (isDuration(api, field)) return 'bounds-of-duration';
    }
    return judged.find(([pattern]) => pattern.test(field))?.[1];
  });
  return kinds.length === 0 || kinds.includes(undefined) ? undefined : kinds[0];
}

/** Whether a field, by its path in the proto's names, is an integer of 64 bits. */
function isInt64(api: ApiDocument, field: string): boolean {
  return isText(api, field, '"format":"int64"');
}

function isDuration(api: ApiDocument, field: string): boolean {
  return isText(api, field, '"pattern":"\\^-\\?\\[0-9\\]\\{1,11\\}');
}

function isText(api: ApiDocument, field: string, next: string): boolean {
  const name = field
    .split('.')
    .at(-1)!
    .replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return new RegExp(`"${name}":\\{("description":"(\\\\.|[^"\\\\])*",)?"type":"string",${next}`).test(api.text);
}
