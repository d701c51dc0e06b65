import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { platformReasons, type ReasonTable } from '../services/platform/chassis/errors/error-reasons.ts';
import { servicesFolder } from '../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';

const document = readFileSync(join(import.meta.dirname, '../docs/reference/errors.md'), 'utf8');
const files = serviceNames.map((name) => join(servicesFolder, name, 'reasons.ts')).filter((file) => existsSync(file));
const own = await Promise.all(files.map(async (file) => ((await import(file)) as { reasons: ReasonTable }).reasons));
const tables: readonly ReasonTable[] = [platformReasons, ...own];
const all = tables.flatMap((table) => Object.entries(table)).toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('docs/reference/errors.md', () => {
  it('shows every reason as the code has it', () => {
    const rows = all.map(([reason, { code, meaning, remedy }]) => `| \`${reason}\` | ${code} | ${meaning} | ${remedy} |`);
    expect(document.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });

  it('has each reason once, with a code of gRPC', () => {
    const reasons = all.map(([reason]) => reason);
    expect(reasons).toEqual([...new Set(reasons)]);
    expect(all.filter(([, { code }]) => !(code in status))).toEqual([]);
  });
});
