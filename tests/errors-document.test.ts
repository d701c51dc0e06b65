import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { errorReasons } from '../services/platform/chassis/errors/error-reasons.ts';

const document = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8');

describe('docs/errors.md', () => {
  it('shows every reason as the catalogue in the code has it', () => {
    const rows = Object.entries(errorReasons).map(
      ([reason, { code, meaning, remedy }]) => `| \`${reason}\` | ${code} | ${meaning} | ${remedy} |`,
    );
    expect(document.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });

  it('is in the order of the alphabet, with codes of gRPC', () => {
    const reasons = Object.keys(errorReasons);
    expect(reasons).toEqual(reasons.toSorted());
    expect(Object.values(errorReasons).filter(({ code }) => !(code in status))).toEqual([]);
  });
});
