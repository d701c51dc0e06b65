import { expect, test } from 'vitest';
import { RpcError } from '../errors/rpc-error.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

test('a position survives the way there and back', () => {
  const position = { createTime: '2026-01-01T00:00:00Z', id: '組子' };
  expect(decodePageToken(encodePageToken(position), 'page_token')).toEqual(position);
});

const base64url = (text: string) => Buffer.from(text).toString('base64url');

test.each([
  ['text', 'not a token!'],
  ['a cut token', encodePageToken({ id: 'abcdef' }).slice(0, -3)],
  ['an array', base64url('["a"]')],
  ['null', base64url('null')],
  ['numbers inside', base64url('{"id":1}')],
  ['U+0000 inside', base64url('{"id":"a\\u0000"}')],
  ['half a character inside', base64url('{"id":"\\ud800"}')],
  ['padding', `${base64url('{"id":"ab"}')}=`],
])('%s is an invalid argument that names the field', (_, token) => {
  let error: unknown;
  try {
    decodePageToken(token, 'page_token');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(RpcError);
  expect(error).toMatchObject({ code: 3, fieldViolations: [{ field: 'page_token' }] });
});
