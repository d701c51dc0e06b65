import { createRequire } from 'node:module';

/** A package of a thousand constants, of which each module that requires it uses a few: its names alone take milliseconds to set up. */
const constants = '@opentelemetry/semantic-conventions';
const topLevelRequire = new RegExp(`^const (\\w+_\\d+) = require\\("${constants}"\\);$`, 'm');

/** The source of a CommonJS module with its constants written out. */
export function withInlinedConstants(source: string, path: string): string {
  const name = topLevelRequire.exec(source)?.[1];
  if (name === undefined) return source;
  const values = createRequire(path)(constants) as Record<string, unknown>;
  return source.replace(topLevelRequire, '').replaceAll(new RegExp(`\\b${name}\\.(\\w+)`, 'g'), (use, constant: string) => {
    const value = values[constant];
    if (typeof value !== 'string') throw new Error(`${path}: ${use} is not a text`);
    return JSON.stringify(value);
  });
}
