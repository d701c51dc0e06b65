import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkServiceFolders } from './service-folders.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-folders-'));
  for (const name of ['platform', 'orders']) mkdirSync(join(folder, name));
  for (const file of ['main.ts', 'manifest.ts']) writeFileSync(join(folder, 'orders', file), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('each service has a folder, and the platform has its own', () => {
  expect(() => checkServiceFolders([{ name: 'orders' }], folder)).not.toThrow();
});

test('a service without a folder and a folder without a service are named at once', () => {
  mkdirSync(join(folder, 'bills/migrations'), { recursive: true });
  expect(() => checkServiceFolders([{ name: 'orders' }, { name: 'carts' }], folder)).toThrow(
    [
      'the protos and the folders of services do not make a product:',
      '  services/carts/main.ts is missing, and a proto package ends in ".carts.v1"',
      '  services/carts/manifest.ts is missing, and a proto package ends in ".carts.v1"',
      '  services/bills is a folder without a service: no proto package ends in ".bills.v1"',
    ].join('\n'),
  );
});
