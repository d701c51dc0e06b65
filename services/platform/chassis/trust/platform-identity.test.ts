import { expect, test } from 'vitest';
import { operatorIdentifier } from './platform-identity.ts';

const token = (claims: object, signature = 'SIGNATURE_REMOVED_BY_GOOGLE') =>
  `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
const operator = { email: 'operator@kumiko.example', email_verified: true };
const isOperator = operatorIdentifier([operator.email]);

test('an operator is known by a token that the platform has checked, in the header that it looks at', () => {
  expect(isOperator(undefined, token(operator))).toBe(true);
  expect(isOperator(token(operator), undefined)).toBe(true);
});

test.each<[string, string | undefined, string | undefined]>([
  ['no token', undefined, undefined],
  ['a token that nobody has checked', undefined, token(operator, 'c2ln')],
  [
    'one beside a token of somebody else, which is the one that was checked',
    token({ email: 'else@kumiko.example', email_verified: true }),
    token(operator),
  ],
  ['one beside a header that is none', '', token(operator)],
  ['an address that is no operator', undefined, token({ email: 'else@kumiko.example', email_verified: true })],
  ['an address that is not verified', undefined, token({ ...operator, email_verified: false })],
  ['an address of which it is not said', undefined, token({ email: operator.email })],
  ['no address', undefined, token({ email_verified: true })],
])('with %s nobody is one', (_, serverless, authorization) => expect(isOperator(serverless, authorization)).toBe(false));
