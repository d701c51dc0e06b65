/** The errors of RFC 6749, section 5.2, that we have a use for. */
type TokenError = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type' | 'invalid_scope';

/** A token request that is refused. The message is for our log, except where the error is not invalid_client. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  readonly error: TokenError;

  constructor(error: TokenError, message: string) {
    super(message);
    this.error = error;
  }
}

/** What a token request asks for. */
export interface TokenRequest {
  readonly assertion: string;
  /** client_id, where the client sends it. */
  readonly clientId: string | undefined;
}

const maxBytes = 16_384;

/** RFC 7523, section 2.2. */
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads a token request (RFC 6749, section 4.4.2, and RFC 7523, section 2.2): a form, or the same parameters as a JSON object. Unknown parameters are ignored,
 * as RFC 6749 asks for.
 *
 * @throws {TokenRefusal}
 */
export function readTokenRequest(contentType: string, body: Uint8Array): TokenRequest {
  if (body.byteLength > maxBytes) throw new TokenRefusal('invalid_request', `the body is longer than ${maxBytes} bytes`);
  const parameters = readParameters(contentType, body);
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new TokenRefusal('invalid_request', 'grant_type is missing');
  if (grantType !== 'client_credentials') throw new TokenRefusal('unsupported_grant_type', 'the grant_type must be client_credentials');
  if (parameters.has('scope')) throw new TokenRefusal('invalid_scope', 'there are no scopes here: leave scope out');
  const type = parameters.get('client_assertion_type');
  if (type !== jwtBearer) throw new TokenRefusal('invalid_client', 'client_assertion_type is missing or another one than jwt-bearer');
  const assertion = parameters.get('client_assertion');
  if (assertion === undefined) throw new TokenRefusal('invalid_client', 'client_assertion is missing');
  return { assertion, clientId: parameters.get('client_id') };
}

/** Parameters without a value count as left out (RFC 6749, section 3.2). */
function readParameters(contentType: string, body: Uint8Array): ReadonlyMap<string, string> {
  const [mediaType = ''] = contentType.split(';');
  const text = new TextDecoder().decode(body);
  const entries = mediaType.trim().toLowerCase() === 'application/json' ? readJson(text) : readForm(mediaType, text);
  const parameters = new Map<string, string>();
  for (const [name, value] of entries) {
    if (parameters.has(name)) throw new TokenRefusal('invalid_request', 'a parameter is there more than once');
    parameters.set(name, value);
  }
  return new Map([...parameters].filter(([, value]) => value !== ''));
}

function readForm(mediaType: string, text: string): Iterable<[string, string]> {
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new TokenRefusal('invalid_request', 'the Content-Type must be application/x-www-form-urlencoded or application/json');
  }
  return new URLSearchParams(text);
}

function readJson(text: string): [string, string][] {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokenRefusal('invalid_request', 'the body is no JSON object');
  return Object.entries(value).map(([name, member]) => {
    if (typeof member !== 'string') throw new TokenRefusal('invalid_request', 'a parameter is not a text');
    return [name, member];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TokenRefusal('invalid_request', 'the body is not JSON');
  }
}
