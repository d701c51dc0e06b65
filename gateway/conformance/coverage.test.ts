import { expect, test } from 'vitest';
import { readEnvironment } from '../bootstrap/environment.ts';
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
  const local = readEnvironment('gateway/bootstrap/environments/local.yaml');
  const spoofed = new Set(spoofedHeaders.map(([name]) => name));
  expect((['edge', 'jobs'] as const).flatMap((role) => headersToStrip(role, local)).filter((name) => !spoofed.has(name))).toEqual([]);
});
