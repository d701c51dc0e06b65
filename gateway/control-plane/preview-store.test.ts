import { expect, test } from 'vitest';
import { blamed } from './blame.ts';
import { PreviewFault } from './preview-fault.ts';
import { type PreviewResource, previewResource } from './preview-resource.ts';
import { PreviewStore } from './preview-store.ts';

function resource(tag: string, url = `https://${tag}---partner.example`): PreviewResource {
  return previewResource({ service: 'partner', tag, url, revision: `partner-${tag}` }, { trustedCaFile: '/ca.pem' });
}

const served = (store: PreviewStore) => [...store.served.values()].map(({ name, version }) => [name, version]);

test('a version is a hash of the content: any change is a new one, and nothing else is', () => {
  expect(resource('pr-1').version).toBe(resource('pr-1').version);
  expect(resource('pr-1').version).not.toBe(resource('pr-1', 'https://pr-1---partner-2.example').version);
  const stores = [['a', 'b'], ['b', 'a'], ['a']].map((tags) => {
    const store = new PreviewStore();
    store.publish(tags.map((tag) => resource(tag)));
    return store.version;
  });
  expect(stores[0]).toBe(stores[1]);
  expect(stores[0]).not.toBe(stores[2]);
});

test('only what has changed is told, by name', () => {
  const store = new PreviewStore();
  const told: string[][] = [];
  store.onChange((names) => told.push([...names]));
  store.publish([resource('pr-1'), resource('pr-2')]);
  store.publish([resource('pr-2'), resource('pr-1')]);
  store.publish([resource('pr-2', 'https://elsewhere.example')]);
  expect(told).toEqual([['partner@pr-1', 'partner@pr-2'], [], ['partner@pr-1', 'partner@pr-2']]);
});

test('a refused version is never served again, and the one that was accepted before takes its place', () => {
  const store = new PreviewStore(() => 5);
  const [first, second] = [resource('pr-1'), resource('pr-1', 'https://second.example')];
  store.publish([first]);
  store.accept(first);
  store.publish([second, resource('pr-2')]);
  expect(store.refuse(second, 'no')).toBe(true);
  expect(store.refuse(second, 'no again')).toBe(false);
  expect(served(store)).toContainEqual(['partner@pr-1', first.version]);
  expect(served(store)).toContainEqual(['partner@pr-2', resource('pr-2').version]);
  expect(store.refusals.get('partner@pr-1')).toEqual({ version: second.version, words: 'no', at: 5 });
  store.publish([second]);
  expect(served(store)).toEqual([['partner@pr-1', first.version]]);
  const third = resource('pr-1', 'https://third.example');
  store.publish([third]);
  expect(served(store)).toEqual([['partner@pr-1', third.version]]);
  expect(store.refusals.size).toBe(0);
});

test('a first version that is refused is not served at all', () => {
  const store = new PreviewStore();
  store.publish([resource('pr-1')]);
  store.refuse(resource('pr-1'), 'no');
  expect(served(store)).toEqual([]);
});

test('what one Envoy has accepted and another then refuses is served to nobody', () => {
  const store = new PreviewStore();
  store.publish([resource('pr-1')]);
  store.accept(resource('pr-1'));
  store.refuse(resource('pr-1'), 'no');
  store.accept(resource('pr-1'));
  expect(served(store)).toEqual([]);
});

test('what one Envoy has accepted and another then refuses goes back to what was accepted before that', () => {
  const store = new PreviewStore();
  const [first, second, third] = ['first', 'second', 'third'].map((host) => resource('pr-1', `https://${host}.example`)) as [
    PreviewResource,
    PreviewResource,
    PreviewResource,
  ];
  for (const version of [first, second, third]) {
    store.publish([version]);
    store.accept(version);
  }
  // One that answers late takes nothing back.
  store.accept(first);
  store.refuse(third, 'no');
  expect(served(store)).toEqual([['partner@pr-1', second.version]]);
  store.refuse(second, 'no');
  expect(served(store)).toEqual([['partner@pr-1', first.version]]);
});

test('a preview that is gone is forgotten with what was said of it', () => {
  const store = new PreviewStore();
  store.publish([resource('pr-1')]);
  store.refuse(resource('pr-1'), 'no');
  store.publish([]);
  store.publish([resource('pr-1')]);
  expect(served(store)).toHaveLength(1);
});

test.each([
  ['Error adding/updating cluster(s) partner@pr-1: bad', ['partner@pr-1']],
  ['Error adding/updating cluster(s) partner@pr-12: bad, partner@pr-1-b: bad', ['partner@pr-12']],
  ['xpartner@pr-1 and partner@pr-1: bad', ['partner@pr-1']],
  ['something else', []],
])('of %j the words are about %j', (words, names) => {
  expect(blamed([resource('pr-1'), resource('pr-12')], words).map(({ name }) => name)).toEqual(names);
});

test.each([
  ['PR-1', 'https://a.example'],
  ['', 'https://a.example'],
  ['pr-1', 'nothing'],
  ['pr-1', 'ftp://a.example'],
])('no cluster is made of tag %j at %j', (tag, url) => {
  expect(() => resource(tag, url)).toThrow(PreviewFault);
});
