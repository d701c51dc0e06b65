import { parseDocument } from 'yaml';
import type { Fault } from './fault.ts';
import { checkPitfalls } from './pitfalls.ts';
import { readMessage } from './read-message.ts';
import { checkReferences } from './references.ts';

/** How to check. */
interface ValidationOptions {
  /** 'unchecked' for a file that is meant for another machine. */
  readonly files?: 'checked' | 'unchecked';
}

/**
 * Checks a bootstrap, as YAML or JSON text or as an object, without Envoy: against Envoy's own API with its constraints, references between
 * its parts and to files, and the pitfalls that Envoy accepts in silence.
 *
 * @returns every fault in the order of the file's parts; an empty list is a good bootstrap.
 */
export function validateBootstrap(source: string | object, { files = 'checked' }: ValidationOptions = {}): Fault[] {
  let value: unknown = source;
  if (typeof source === 'string') {
    const document = parseDocument(source, { prettyErrors: true, version: '1.1' });
    if (document.errors.length > 0) return document.errors.map(({ message }) => ({ path: '', message: message.replace(/\n.*/s, '') }));
    value = document.toJS({ maxAliasCount: 1000 });
  }
  const { messages, faults } = readMessage('envoy.config.bootstrap.v3.Bootstrap', value);
  return [...faults, ...checkReferences(messages, files === 'checked'), ...checkPitfalls(messages)];
}
