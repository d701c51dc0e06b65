import { addressOf, resultPointer, resultSize, utf8 } from "../../abi/memory";
import { CachedToken } from "./cached-token";
import { Target, TokenKind } from "./config";
import { AccessTokenSource, IdentityTokenSource, TokenSource } from "./token-source";

/** What follows it in a cluster's name tells revisions of a service apart. */
const AT: u8 = 0x40;

/** A cluster that has an entry in the configuration. */
export class Upstream {
  constructor(public cluster: ArrayBuffer, /** null: requests go without a token. */ public token: CachedToken | null) {}
}

/** The clusters of the configuration and their tokens. */
export class Upstreams {
  readonly tokens: CachedToken[] = [];
  private upstreams: Upstream[] = [];

  constructor(targets: Target[]) {
    for (let i = 0; i < targets.length; i++) this.upstreams.push(new Upstream(utf8(targets[i].cluster), this.tokenOf(targets, i)));
  }

  /** Clusters with the same audience or scopes share one token. */
  private tokenOf(targets: Target[], index: i32): CachedToken | null {
    const target = targets[index];
    if (target.kind == TokenKind.None) return null;
    for (let i = 0; i < index; i++) {
      if (targets[i].sameToken(target)) return this.upstreams[i].token;
    }
    const access = target.kind == TokenKind.Access;
    const source: TokenSource = access ? new AccessTokenSource(target.purpose) : new IdentityTokenSource(target.purpose);
    const token = new CachedToken(source);
    this.tokens.push(token);
    return token;
  }

  /** Finds the cluster whose name, as far as it goes before an "@", lies in the result slot, without making a text of it. */
  find(): Upstream | null {
    const size = resultSize();
    const start = resultPointer();
    for (let i = 0; i < this.upstreams.length; i++) {
      const cluster = this.upstreams[i].cluster;
      const length = cluster.byteLength;
      const ends = length == size || (length < size && load<u8>(start + length) == AT);
      if (ends && memory.compare(addressOf(cluster), start, length) == 0) return this.upstreams[i];
    }
    return null;
  }
}
