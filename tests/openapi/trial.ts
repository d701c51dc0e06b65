import type { Operation } from './api-document.ts';

/** Whose token a request carries. */
export type TokenKind = 'right' | 'none' | 'of-another-audience' | 'expired' | 'garbage';

/** A request before it is sent, in the parts that a document speaks of. */
export interface Trial {
  readonly operation: Operation;
  readonly token: TokenKind;
  readonly path: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** JSON, or a text that is none; undefined where there is no body. */
  readonly body: { readonly json: unknown } | { readonly text: string } | undefined;
}

/** Its path and query as they are sent. */
export function targetOf({ operation, path, query }: Trial): string {
  const filled = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const text = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return text === '' ? filled : `${filled}?${text}`;
}

/** Its body as it is sent. */
export function bodyOf({ body }: Trial): string | undefined {
  return body === undefined ? undefined : 'json' in body ? JSON.stringify(body.json) : body.text;
}
