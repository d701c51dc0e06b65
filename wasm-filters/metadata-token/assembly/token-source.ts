import { JsonKind, parseJson } from "../../abi/json";
import { jwtExpiry } from "./jwt-expiry";
import { percentEncode } from "./percent-encode";

/** What the metadata server gave: a token, or a fault. */
export class TokenReply {
  /** Milliseconds since the epoch. */
  expiresAt: f64 = 0;
  fault: string = "";
  token: string = "";
}

const ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default/";

/** Where the tokens of one kind come from and how their answer is read. */
export abstract class TokenSource {
  /** For log lines. */
  abstract name(): string;
  /** Path on the metadata server. */
  abstract path(): string;
  /** Reads the body of a 200. */
  abstract read(body: string, now: f64): TokenReply;
}

/** ID tokens for one audience, https://cloud.google.com/compute/docs/instances/verifying-instance-identity */
export class IdentityTokenSource extends TokenSource {
  constructor(private audience: string) { super(); }

  name(): string { return 'ID token for audience "' + this.audience + '"'; }

  path(): string {
    return ACCOUNT + "identity?audience=" + percentEncode(this.audience) + "&format=full";
  }

  read(body: string, now: f64): TokenReply {
    const reply = new TokenReply();
    const token = body.trim();
    const exp = jwtExpiry(token);
    if (exp < 0) {
      reply.fault = "the answer is not a JWT with an exp";
    } else {
      reply.token = token;
      reply.expiresAt = exp * 1000;
    }
    return reply;
  }
}

/** Access tokens for Google's APIs, https://cloud.google.com/compute/docs/access/authenticate-workloads */
export class AccessTokenSource extends TokenSource {
  constructor(private scopes: string) { super(); }

  name(): string { return 'access token for scopes "' + this.scopes + '"'; }

  path(): string { return ACCOUNT + "token?scopes=" + percentEncode(this.scopes); }

  read(body: string, now: f64): TokenReply {
    const reply = new TokenReply();
    reply.fault = "the answer is not an access token with its lifetime";
    const json = parseJson(body);
    if (json === null || json.kind != JsonKind.Object) return reply;
    const token = json.member("access_token");
    const lifetime = json.member("expires_in");
    if (token === null || token.kind != JsonKind.String || !isBearerToken(token.text)) return reply;
    if (lifetime === null || lifetime.kind != JsonKind.Number || !isFinite(lifetime.number)) return reply;
    reply.fault = "";
    reply.token = token.text;
    reply.expiresAt = now + lifetime.number * 1000;
    return reply;
  }
}

/** RFC 6750's b64token, but for where its "=" may stand: safe as a header value. */
function isBearerToken(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const lower = c | 0x20;
    const letterOrDigit = (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (!letterOrDigit && "-._~+/=".indexOf(text.charAt(i)) < 0) return false;
  }
  return text.length > 0;
}
