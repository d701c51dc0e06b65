import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readGatewayEnvironment } from '../bootstrap/gateway-environment.ts';
import { headersToStrip } from '../bootstrap/internal-headers.ts';
import { attackKinds, facts, type Topic } from './facts.ts';
import { spoofedHeaders } from './spoofed-headers.ts';
import { allCases } from './suites.ts';

const count = (topic: Topic) => allCases.filter(({ about }) => about.includes(topic)).length;

test('every row of facts.ts has two cases', () => {
  expect((Object.keys(facts) as (keyof typeof facts)[]).filter((fact) => count(fact) < 2)).toEqual([]);
});

test('every attack has a case', () => {
  expect((Object.keys(attackKinds) as (keyof typeof attackKinds)[]).filter((attack) => count(attack) === 0)).toEqual([]);
});

test('names are told apart', () => {
  const names = allCases.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('every header that a gateway strips is one that cases spoof', () => {
  const local = readGatewayEnvironment('gateway/bootstrap/environments/local.yaml');
  const spoofed = new Set(spoofedHeaders.map(([name]) => name));
  expect((['edge', 'jobs'] as const).flatMap((role) => headersToStrip(role, local)).filter((name) => !spoofed.has(name))).toEqual([]);
});

test('every case that docs/reference/envoy.md names is there', () => {
  const names = new Set(allCases.map(({ name }) => name));
  const [, changes = '', surprises = ''] = readFileSync('docs/reference/envoy.md', 'utf8').split(
    /^## What releases changed for us$|^## Where Envoy surprised us$/m,
  );
  const rows = surprises.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| What '));
  expect(rows.length).toBeGreaterThan(10);
  const held = rows.filter((line) => !line.startsWith('| ---')).map((line) => ({ line, last: line.split(' | ').at(-1)! }));
  const named = held.flatMap(({ last }) => [...last.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
  expect(held.filter(({ last }) => !last.includes('`')).map(({ line }) => line)).toEqual([]);
  // Between settings and commands a case is told by its spaces.
  const mentioned = [...changes.matchAll(/`([a-z][^`.:_]* [^`]*)`/gi)]
    .map((match) => match[1]!)
    .filter((text) => !/^(npm|ENVOY|validate)/.test(text));
  expect([...named, ...mentioned].filter((name) => !names.has(name))).toEqual([]);
});
