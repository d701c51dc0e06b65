/**
 * Whether the database gives a text back as it got it. PostgreSQL, and Spanner in its dialect, hold no U+0000, in text as in jsonb
 * (https://www.postgresql.org/docs/current/datatype-character.html). Half a surrogate pair, which JSON can write and UTF-8 cannot, would become U+FFFD on
 * its way, so that different texts became the same one. Everything else is a character like any other, unassigned ones and non-characters too.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** The text with U+FFFD in place of what is not storable: for texts that are only read by people. */
export function storableForm(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** What is said of a text that is not storable. */
export const storableRule = 'must not contain U+0000 or half a surrogate pair';
