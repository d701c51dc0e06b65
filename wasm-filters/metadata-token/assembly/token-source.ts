import { jwtExpiry } from "./jwt-expiry";
import { percentEncode } from "./percent-encode";

/** What the metadata server gave: a token, or a fault. */
export class TokenReply {
  /** Milliseconds since the epoch. */
  expiresAt: f64 = 0;
  fault: string = "";
  token: string = "";
}

/** Where the tokens of one kind come from and how their answer is read. Another kind (access tokens) is another subclass. */
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
    return "/computeMetadata/v1/instance/service-accounts/default/identity?audience=" + percentEncode(this.audience) + "&format=full";
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
