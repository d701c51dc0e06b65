import { expect, test } from 'vitest';
import { attackKinds, facts, type Topic } from './facts.ts';
import { factsWithoutCases, knownGaps } from './known-gaps.ts';
import { allCases } from './suites.ts';

const count = (topic: Topic) => allCases.filter(({ about }) => about.includes(topic)).length;
const excused = (topic: string) => Object.hasOwn(factsWithoutCases, topic);

test('every row of facts.ts has two cases, or a reason why not', () => {
  const thin = (Object.keys(facts) as (keyof typeof facts)[]).filter((fact) => count(fact) < 2 && !excused(fact));
  expect(thin).toEqual([]);
});

test('a reason is no longer kept once the cases are there', () => {
  expect((Object.keys(factsWithoutCases) as (keyof typeof facts)[]).filter((fact) => count(fact) >= 2)).toEqual([]);
});

test('every attack has a case', () => {
  expect((Object.keys(attackKinds) as (keyof typeof attackKinds)[]).filter((attack) => count(attack) === 0)).toEqual([]);
});

test('every known gap is a case', () => {
  const names = new Set(allCases.map(({ name }) => name));
  expect(Object.values(knownGaps).flatMap((gaps) => Object.keys(gaps).filter((name) => !names.has(name)))).toEqual([]);
});

test('names are told apart', () => {
  const names = allCases.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
