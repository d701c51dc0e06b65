import { expect, test } from 'vitest';
import { parseHttpTemplate, templateKey } from '../../../services/platform/contracts/http-template.ts';
import { compareTemplates, templatePrefix, templateRegex } from './template-matching.ts';

const matches = (template: string, path: string) => new RegExp(`^(?:${templateRegex(parseHttpTemplate(template))})$`).test(path);

test('variables match what their pattern says, one segment where they have none', () => {
  expect(matches('/v1/{name=deals/*}', '/v1/deals/a')).toBe(true);
  expect(matches('/v1/{name=deals/*}', '/v1/deals/a/b')).toBe(false);
  expect(matches('/v1/{name=deals/*}', '/v1/deals/')).toBe(false);
  expect(matches('/v1/hooks/{provider}', '/v1/hooks/yamapay')).toBe(true);
  expect(matches('/v1/partner/{deal.name=deals/*}:publish', '/v1/partner/deals/a:publish')).toBe(true);
  expect(matches('/v1/partner/{deal.name=deals/*}:publish', '/v1/partner/deals/a:close')).toBe(false);
  expect(matches('/v1/{path=files/**}', '/v1/files/a/b/c')).toBe(true);
});

test('a trailing slash is dropped, as the transcoder does, but not behind a verb', () => {
  expect(matches('/v1/deals', '/v1/deals/')).toBe(true);
  expect(matches('/v1/{name=groups/*}:join', '/v1/groups/a:join/')).toBe(false);
});

test('dots are literal', () => {
  expect(matches('/v1.0/deals', '/v1.0/deals')).toBe(true);
  expect(matches('/v1.0/deals', '/v1x0/deals')).toBe(false);
});

test('the names of variables do not distinguish templates', () => {
  expect(templateKey(parseHttpTemplate('/v1/{name=deals/*}:close'))).toBe(templateKey(parseHttpTemplate('/v1/deals/{id}:close')));
});

test.each([
  ['v1/deals', 'is not a path template'],
  ['/v1/{name', 'is not a path template'],
  ['/v1//deals', 'segment ""'],
  ['/v1/de als', 'segment "de als"'],
  ['/v1/{path=**}/{id}', 'only literals may follow "**"'],
  ['/v1/**/**', 'only literals may follow "**"'],
])('refuses %s', (template, message) => {
  expect(() => parseHttpTemplate(template)).toThrow(message);
});

test('literals may follow "**"', () => {
  expect(matches('/v1/{path=**}/raw', '/v1/a/b/raw')).toBe(true);
});

test('the most specific template comes first: verbs, then literals, then "*", then "**"', () => {
  const sorted = ['/v1/**', '/v1/*/b', '/v1/a/*', '/v1/a/b', '/v1/a/*:watch']
    .map(parseHttpTemplate)
    .sort(compareTemplates)
    .map(templateKey);
  expect(sorted).toEqual(['/v1/a/*:watch', '/v1/a/b', '/v1/a/*', '/v1/*/b', '/v1/**']);
});

test.each([
  ['/v1/deals', '/v1/deals'],
  ['/v1/deals:export', '/v1/deals'],
  ['/v1/{name=deals/*}:close', '/v1/deals'],
  ['/v1/{path=**}', '/v1'],
  ['/{name}', '/'],
])('every path of %s begins with %s', (template, beginning) => {
  expect(templatePrefix(parseHttpTemplate(template))).toBe(beginning);
});
