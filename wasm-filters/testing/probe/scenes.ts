import type { Property } from '../host/properties.ts';

/** What became of a request: an answer of the probe or of its failed VM, or which of the scenes' headers the upstream got. */
export type Outcome = { readonly status: number; readonly body: string } | { readonly upstream: Readonly<Record<string, string>> } | 'gone';

/** That, and what the probe said on the way. */
export interface Transcript {
  readonly said: readonly string[];
  readonly outcome: Outcome;
}

/** The claims of the token that every request of a scene brings. An object has one member: in which order there are more is nobody's promise. */
export const payload: { readonly [name: string]: Property } = {
  text: 'tëxt',
  number: 0.5,
  yes: true,
  no: false,
  nothing: null,
  list: ['a', 'b'],
  map: { a: 'x' },
  nested: { a: { b: ['c', 7, true] } },
  hole: { a: 'x', b: null },
  empty: '',
  emptymap: {},
  emptylist: [],
  listhole: [null],
};

/** The headers of every request of a scene, beside x-scene. */
export const headers: readonly (readonly [string, string])[] = [
  ['x-one', '1'],
  ['x-twice', 'a'],
  ['x-twice', 'b'],
  ['x-gone', 'g'],
  ['x-empty', ''],
];

export const path = '/p?q=1';
export const configuration = '{"a":"tëxt"}';

/** The headers that the scenes are about. */
export const isOfScene = (name: string): boolean => /^x-(one|twice|new|gone|empty|upper)$/.test(name);

/** A server of calls: what it does by path; all else stays unanswered. */
export const callServer: Readonly<Record<string, { readonly status: number; readonly body: string } | 'reset' | 'break off'>> = {
  '/ok': { status: 200, body: 'hello' },
  '/empty': { status: 200, body: '' },
  '/404': { status: 404, body: 'no' },
  '/503': { status: 503, body: 'busy' },
  '/504': { status: 504, body: 'late' },
  '/reset': 'reset',
  '/break-off': 'break off',
};

/** Scenes of one request each. */
export const scenes: readonly string[] = [
  'properties',
  'headers',
  'calls that do not start',
  ...Object.keys(callServer).map((one) => `call calls ${one}`),
  'call calls /silence',
  'call closed /',
  'reply',
  'reply and go on',
  'reply twice',
  'reply then continue',
  'continue then reply',
  'continue at once',
  'no such stream',
  'far pointers',
];

/** Scenes that are the end of a VM. */
export const traps: readonly string[] = ['trap', 'abort', 'recurse'];
