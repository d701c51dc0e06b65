import { describe, expect, test } from 'vitest';
import { readTokenRequest, TokenRefusal } from './token-request.ts';

const parameters = {
  grant_type: 'client_credentials',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: 'a.b.c',
};
const formType = 'application/x-www-form-urlencoded';
const bytes = (text: string) => new TextEncoder().encode(text);
const form = (changed: Record<string, string> = {}) => bytes(new URLSearchParams({ ...parameters, ...changed }).toString());
const json = (value: unknown) => bytes(JSON.stringify(value));

/** How a request ends: the assertion, or the error. */
function outcome(contentType: string, body: Uint8Array): string {
  try {
    return readTokenRequest(contentType, body).assertion;
  } catch (error) {
    if (error instanceof TokenRefusal) return error.error;
    throw error;
  }
}

describe('a token request', () => {
  test.each([formType, 'Application/X-WWW-Form-Urlencoded; charset=UTF-8'])('is a form (%s)', (type) => {
    expect(readTokenRequest(type, form({ client_id: 'acme', resource: 'x' }))).toEqual({ assertion: 'a.b.c', clientId: 'acme' });
  });

  test('is a JSON object', () => {
    expect(readTokenRequest('application/json', json(parameters))).toEqual({ assertion: 'a.b.c', clientId: undefined });
  });

  test('may leave a parameter empty', () => {
    expect(outcome(formType, form({ scope: '', client_id: '' }))).toBe('a.b.c');
  });
});

describe('is refused', () => {
  test.each<[string, string, string, Uint8Array]>([
    ['invalid_request', 'another content type', 'text/plain', form()],
    ['invalid_request', 'no content type', '', form()],
    ['invalid_request', 'no JSON', 'application/json', bytes('{')],
    ['invalid_request', 'a JSON array', 'application/json', json([parameters])],
    ['invalid_request', 'a parameter that is a list', 'application/json', json({ ...parameters, client_assertion: ['a.b.c'] })],
    ['invalid_request', 'a parameter twice', formType, bytes(`${new URLSearchParams(parameters)}&client_assertion=d.e.f`)],
    ['invalid_request', 'a long body', formType, form({ client_assertion: 'x'.repeat(16_384) })],
    ['invalid_request', 'no grant_type', formType, form({ grant_type: '' })],
    ['unsupported_grant_type', 'another grant', formType, form({ grant_type: 'authorization_code' })],
    ['invalid_scope', 'a scope', formType, form({ scope: 'deals' })],
    ['invalid_client', 'no assertion', formType, form({ client_assertion: '' })],
    ['invalid_client', 'a client_secret', formType, form({ client_assertion_type: '', client_secret: 'x' })],
    [
      'invalid_client',
      'a SAML assertion',
      formType,
      form({ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }),
    ],
  ])('as %s: %s', (error, _, type, body) => {
    expect(outcome(type, body)).toBe(error);
  });
});
