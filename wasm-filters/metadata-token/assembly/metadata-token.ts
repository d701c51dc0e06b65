import { FilterHeadersStatus, Status } from "../../abi/host";
import { removeRequestHeader, replaceRequestHeader } from "../../abi/headers";
import { HttpCall, httpCall, httpCallBody, httpCallStatus } from "../../abi/http-call";
import { logError, logInfo, logWarn } from "../../abi/log";
import { addressOf, releaseResult, resultPointer, resultSize, takeText, utf8 } from "../../abi/memory";
import { Counter, Gauge } from "../../abi/metrics";
import { RootContext } from "../../abi/root-context";
import { continueRequest, enterStream, now, readProperty, sendLocalReply, setTickPeriod } from "../../abi/stream";
import { CachedToken } from "./cached-token";
import { parseConfig, Target, TokenKind } from "./config";
import { Random } from "./random";
import { AccessTokenSource, IdentityTokenSource, TokenSource } from "./token-source";

// The cluster that the route has led to. The shorter "cluster_name" is NotFound while a request is on its way in.
const CLUSTER_NAME = utf8("xds\0cluster_name");
const ROUTE_NAME = utf8("xds\0route_name");
const CALL_TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES: u32 = 16_384;
const MAX_WAITING = 1_000;
const TICK_MS = 1_000;
const RETRY_TICK_MS = 50;

/** A cluster that has an entry in the configuration. */
class Upstream {
  constructor(public cluster: ArrayBuffer, /** null: requests go without a token. */ public token: CachedToken | null) {}
}

/** The filter: a token of the gateway's own service account on every request that goes to a cluster of the configuration. */
export class MetadataToken extends RootContext {
  private metadataCluster: string = "";
  private tokenHeader: ArrayBuffer = new ArrayBuffer(0);
  private upstreams: Upstream[] = [];
  private tokens: CachedToken[] = [];
  private answeringRoutes: string[] = [];
  private calls: Map<u32, CachedToken> = new Map<u32, CachedToken>();
  /** Streams that wait, and for what. */
  private waiting: Map<u32, CachedToken> = new Map<u32, CachedToken>();
  /** Faults of the configuration that the log already has. */
  private reported: Set<string> = new Set<string>();
  private tickPeriod: u32 = 0;
  private random: Random = new Random();
  private requests: Counter = new Counter("metadata_token_requests");
  private cacheHits: Counter = new Counter("metadata_token_cache_hits");
  private fetches: Counter = new Counter("metadata_token_fetches");
  private failures: Counter = new Counter("metadata_token_fetch_failures");
  private denials: Counter = new Counter("metadata_token_denied");
  private waitingGauge: Gauge = new Gauge("metadata_token_waiting");

  onConfigure(text: string): bool {
    const config = parseConfig(text);
    if (config.fault != "") {
      logError("metadata-token: the plugin configuration is wrong: " + config.fault);
      return false;
    }
    this.metadataCluster = config.metadataCluster;
    this.tokenHeader = utf8(config.tokenHeader);
    this.answeringRoutes = config.answeringRoutes;
    for (let i = 0; i < config.targets.length; i++) this.addTarget(config.targets, i);
    // Calls cannot start here; the first tick fetches every token ahead of the first request.
    this.tick(RETRY_TICK_MS);
    return true;
  }

  /** Clusters with the same audience or scopes share one token. */
  private addTarget(targets: Target[], index: i32): void {
    const target = targets[index];
    let token: CachedToken | null = null;
    for (let i = 0; i < index; i++) {
      if (targets[i].sameToken(target)) token = this.upstreams[i].token;
    }
    if (token === null && target.kind != TokenKind.None) {
      const access = target.kind == TokenKind.Access;
      const source: TokenSource = access ? new AccessTokenSource(target.purpose) : new IdentityTokenSource(target.purpose);
      token = new CachedToken(source);
      this.tokens.push(token);
    }
    this.upstreams.push(new Upstream(utf8(target.cluster), token));
  }

  onRequestHeaders(stream: u32): u32 {
    this.requests.increment();
    const status = readProperty(CLUSTER_NAME);
    if (status != Status.Ok) return this.withoutCluster(status);
    const upstream = this.findUpstream();
    if (upstream === null) {
      this.reportCluster(takeText());
      return this.deny("metadata_token_unknown_cluster", "The gateway has no token for the upstream of this request.");
    }
    releaseResult();
    const token = upstream.token;
    if (token === null) {
      removeRequestHeader(this.tokenHeader);
      return FilterHeadersStatus.Continue;
    }
    const time = now();
    if (token.usable(time)) {
      // Replaces whatever the client sent under this name.
      if (!replaceRequestHeader(this.tokenHeader, token.header)) return this.denyUnavailable();
      this.cacheHits.increment();
      return FilterHeadersStatus.Continue;
    }
    removeRequestHeader(this.tokenHeader);
    return this.wait(stream, token, time);
  }

  onHttpCallResponse(call: u32, headers: u32, bodySize: u32): void {
    if (!this.calls.has(call)) return;
    const token = this.calls.get(call);
    this.calls.delete(call);
    const time = now();
    const status = headers == 0 ? "" : httpCallStatus();
    if (status != "200") {
      const retryable = status == "" || status.startsWith("5") || status == "408" || status == "429";
      this.fail(token, time, status == "" ? "the connection broke" : "it answered with status " + status, retryable);
    } else {
      this.receive(token, time, bodySize);
    }
    this.adjustTick();
  }

  onTick(): void {
    const time = now();
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.tokens[i].due(time)) this.fetch(this.tokens[i], time);
    }
    this.adjustTick();
  }

  onDelete(stream: u32): void {
    if (this.waiting.size == 0 || !this.waiting.has(stream)) return;
    this.waiting.get(stream).waiters.delete(stream);
    this.waiting.delete(stream);
    this.waitingGauge.add(-1);
  }

  /** Only a request whose route is known to answer by itself goes on without a cluster: any other may still meet an upstream. */
  private withoutCluster(status: u32): u32 {
    if (readProperty(ROUTE_NAME) == Status.Ok) {
      const route = takeText();
      if (this.answers(route)) {
        removeRequestHeader(this.tokenHeader);
        return FilterHeadersStatus.Continue;
      }
      this.report('route "' + route + '" has led to no cluster that can be read (status ' + status.toString() + "); its requests are refused");
    } else {
      this.report("there are requests without a route; they are refused");
    }
    return this.deny("metadata_token_no_cluster", "The gateway cannot tell the upstream of this request.");
  }

  private answers(route: string): bool {
    for (let i = 0; i < this.answeringRoutes.length; i++) {
      const known = this.answeringRoutes[i];
      if (known == route || (known.endsWith("*") && route.startsWith(known.substring(0, known.length - 1)))) return true;
    }
    return false;
  }

  /** Finds the cluster whose name lies in the result slot, without making a text of it. */
  private findUpstream(): Upstream | null {
    const size = resultSize();
    for (let i = 0; i < this.upstreams.length; i++) {
      const cluster = this.upstreams[i].cluster;
      if (cluster.byteLength == size && memory.compare(addressOf(cluster), resultPointer(), size) == 0) return this.upstreams[i];
    }
    return null;
  }

  /** Stops the request until the token is there. One fetch serves all who wait for the same token. */
  private wait(stream: u32, token: CachedToken, time: f64): u32 {
    if (token.denied(time)) return this.denyUnavailable();
    if (this.waiting.size >= MAX_WAITING) return this.deny("metadata_token_overloaded", "Too many requests wait for the gateway. Try again later.");
    token.waiters.add(stream);
    this.waiting.set(stream, token);
    this.waitingGauge.add(1);
    if (token.due(time)) this.fetch(token, time);
    this.adjustTick();
    return FilterHeadersStatus.StopIteration;
  }

  private fetch(token: CachedToken, time: f64): void {
    this.fetches.increment();
    token.started();
    const call: HttpCall = httpCall(
      this.metadataCluster,
      [
        ":method", "GET",
        ":path", token.source.path(),
        ":authority", "metadata.google.internal",
        "metadata-flavor", "Google",
      ],
      CALL_TIMEOUT_MS,
    );
    if (call.status == Status.Ok) this.calls.set(call.id, token);
    else if (call.status == Status.BadArgument) this.fail(token, time, 'the proxy refused the call; is there a cluster "' + this.metadataCluster + '"?', false);
    else this.fail(token, time, "the call could not start, status " + call.status.toString(), true);
  }

  private receive(token: CachedToken, time: f64, bodySize: u32): void {
    const body = bodySize <= MAX_BODY_BYTES ? httpCallBody(bodySize) : null;
    if (body === null) {
      this.fail(token, time, "its answer has " + bodySize.toString() + " bytes", true);
      return;
    }
    const reply = token.source.read(String.UTF8.decode(body), time);
    const fault = token.accept(reply, time, this.random.chance());
    if (fault != "") {
      this.fail(token, time, fault, true);
      return;
    }
    logInfo("metadata-token: got the " + token.source.name());
    const streams = this.takeWaiters(token);
    for (let i = 0; i < streams.length; i++) {
      if (!enterStream(streams[i])) continue;
      if (replaceRequestHeader(this.tokenHeader, token.header)) continueRequest();
      else this.denyUnavailable();
    }
  }

  private fail(token: CachedToken, time: f64, reason: string, retryable: bool): void {
    this.failures.increment();
    logWarn("metadata-token: the metadata server gave no " + token.source.name() + ": " + reason);
    if (!token.failed(time, this.random.chance(), retryable)) return;
    const streams = this.takeWaiters(token);
    for (let i = 0; i < streams.length; i++) {
      if (enterStream(streams[i])) this.denyUnavailable();
    }
  }

  private takeWaiters(token: CachedToken): u32[] {
    const streams = token.waiters.values();
    token.waiters.clear();
    for (let i = 0; i < streams.length; i++) this.waiting.delete(streams[i]);
    this.waitingGauge.add(-streams.length);
    return streams;
  }

  private denyUnavailable(): u32 {
    return this.deny("metadata_token_unavailable", "The gateway cannot get its own identity at the moment. Try again.");
  }

  private deny(details: string, body: string): u32 {
    this.denials.increment();
    sendLocalReply(503, details, body + "\n");
    return FilterHeadersStatus.StopIteration;
  }

  private reportCluster(cluster: string): void {
    this.report('the configuration has no cluster "' + cluster + '"; its requests are refused');
  }

  /** Logs a fault of the configuration, once. */
  private report(fault: string): void {
    if (this.reported.has(fault)) return;
    this.reported.add(fault);
    logError("metadata-token: " + fault);
  }

  /** Retries are finer than refreshes. */
  private adjustTick(): void {
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.tokens[i].retrying()) return this.tick(RETRY_TICK_MS);
    }
    this.tick(TICK_MS);
  }

  private tick(period: u32): void {
    if (this.tickPeriod == period) return;
    this.tickPeriod = period;
    setTickPeriod(period);
  }
}
