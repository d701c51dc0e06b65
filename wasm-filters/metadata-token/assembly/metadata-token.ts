import { FilterHeadersStatus, HeaderMap, Status } from "../../abi/host";
import { getHeader, removeRequestHeader, replaceRequestHeader } from "../../abi/headers";
import { HttpCall, httpCall, httpCallBody } from "../../abi/http-call";
import { logError, logInfo, logWarn } from "../../abi/log";
import { releaseResult, takeText, utf8 } from "../../abi/memory";
import { Counter, Gauge } from "../../abi/metrics";
import { Plugin } from "../../abi/plugin";
import { continueRequest, enterStream, now, readProperty, sendLocalReply, setTickPeriod } from "../../abi/stream";
import { readAnswer } from "./answer";
import { CachedToken, Waiter } from "./cached-token";
import { parseConfig } from "./config";
import { grpcTimeoutMs } from "./grpc-timeout";
import { Random } from "./random";
import { RouteNames } from "./route-names";
import { Upstreams } from "./upstreams";

// The cluster that the route has led to. The shorter "cluster_name" is NotFound while a request is on its way in.
const CLUSTER_NAME = utf8("xds\0cluster_name");
const ROUTE_NAME = utf8("xds\0route_name");
const GRPC_TIMEOUT = utf8("grpc-timeout");
const MAX_BODY_BYTES: u32 = 16_384;
const MAX_WAITING = 1_000;
/** Beyond the last attempt of a fetch that began with the request. */
const MAX_WAIT_MS: f64 = 4_900;
/** Of a caller's own time: the rest is for the answer to be with it before it gives up. */
const SHARE_OF_DEADLINE: f64 = 0.8;
const TICK_MS = 1_000;
const WAITING_TICK_MS = 50;

/** The filter: a token of the gateway's own service account on every request that goes to a cluster of the configuration. */
export class MetadataToken extends Plugin {
  private metadataCluster: string = "";
  private tokenHeader: ArrayBuffer = new ArrayBuffer(0);
  private upstreams: Upstreams = new Upstreams([]);
  private notFoundRoutes: RouteNames = new RouteNames([]);
  private answeringRoutes: RouteNames = new RouteNames([]);
  /** How many streams wait, those included that have gone since `dropGone`. */
  private waiting: i32 = 0;
  private droppedGone: bool = false;
  /** Faults of the configuration that the log already has. */
  private reported: Set<string> = new Set<string>();
  private tickPeriod: u32 = 0;
  private random: Random = new Random();
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
    this.notFoundRoutes = new RouteNames(config.notFoundRoutes);
    this.answeringRoutes = new RouteNames(config.answeringRoutes);
    this.upstreams = new Upstreams(config.targets);
    // Calls cannot start here; the first tick fetches every token ahead of the first request.
    this.tick(WAITING_TICK_MS);
    return true;
  }

  /** Two host calls where the token is there. */
  onRequestHeaders(stream: u32): u32 {
    const status = readProperty(CLUSTER_NAME);
    if (status != Status.Ok) return this.withoutCluster(status);
    const upstream = this.upstreams.find();
    if (upstream === null) {
      this.report('the configuration has no cluster "' + takeText() + '"; its requests are refused');
      return this.deny("metadata_token_unknown_cluster", "The gateway has no token for the upstream of this request.");
    }
    releaseResult();
    const token = upstream.token;
    if (token !== null && token.usable) {
      // Replaces whatever the client sent under this name.
      return replaceRequestHeader(this.tokenHeader, token.header) ? FilterHeadersStatus.Continue : this.denyUnavailable();
    }
    removeRequestHeader(this.tokenHeader);
    return token === null ? FilterHeadersStatus.Continue : this.wait(stream, token);
  }

  onHttpCallResponse(call: u32, headers: u32, bodySize: u32): void {
    const token = this.tokenOfCall(call);
    if (token === null) return;
    const time = now();
    const answer = readAnswer(headers, bodySize, token.timeoutMs);
    if (answer.fault != "") this.fail(token, time, answer.fault, answer.retryable);
    else this.receive(token, time, bodySize);
    this.adjustTick();
  }

  onTick(): void {
    const time = now();
    this.droppedGone = false;
    const tokens = this.upstreams.tokens;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      token.look(time);
      this.refuse(token.takeExpired(time));
      if (token.due(time)) this.fetch(token, time);
    }
    this.adjustTick();
  }

  /** Without a cluster no request goes on but where its route is known to answer by itself: it may be without one because its route is forgotten. */
  private withoutCluster(status: u32): u32 {
    if (readProperty(ROUTE_NAME) == Status.Ok) {
      const route = takeText();
      if (this.notFoundRoutes.has(route)) {
        sendLocalReply(404, "route_not_found", "");
        return FilterHeadersStatus.StopIteration;
      }
      if (this.answeringRoutes.has(route)) {
        removeRequestHeader(this.tokenHeader);
        return FilterHeadersStatus.Continue;
      }
      this.report('route "' + route + '" has led to no cluster that can be read (status ' + status.toString() + "); its requests are refused");
    } else {
      this.report("there are requests without a route; they are refused");
    }
    return this.deny("metadata_token_no_cluster", "The gateway cannot tell the upstream of this request.");
  }

  /** Stops the request until the token is there. One fetch serves all who wait for the same token. */
  private wait(stream: u32, token: CachedToken): u32 {
    const time = now();
    if (token.denied(time)) return this.denyUnavailable();
    if (this.waiting >= MAX_WAITING) this.dropGone(stream);
    if (this.waiting >= MAX_WAITING) return this.deny("metadata_token_overloaded", "Too many requests wait for the gateway. Try again later.");
    token.waiters.push(new Waiter(stream, time + this.patience()));
    this.countWaiting(1);
    if (token.due(time)) this.fetch(token, time);
    this.adjustTick();
    return FilterHeadersStatus.StopIteration;
  }

  /** How long the request in hand can wait, in milliseconds. */
  private patience(): f64 {
    const text = getHeader(HeaderMap.Request, GRPC_TIMEOUT);
    const own = text === null ? -1 : grpcTimeoutMs(text);
    return own < 0 ? MAX_WAIT_MS : Math.min(MAX_WAIT_MS, own * SHARE_OF_DEADLINE);
  }

  /** Makes room: forgets those who wait no more, which nobody has told. At most once between two ticks, since it asks for every one of them. */
  private dropGone(stream: u32): void {
    if (this.droppedGone) return;
    this.droppedGone = true;
    const tokens = this.upstreams.tokens;
    for (let i = 0; i < tokens.length; i++) {
      const waiters = tokens[i].takeWaiters();
      for (let j = 0; j < waiters.length; j++) {
        if (enterStream(waiters[j].stream)) tokens[i].waiters.push(waiters[j]);
        else this.countWaiting(-1);
      }
    }
    enterStream(stream);
  }

  private fetch(token: CachedToken, time: f64): void {
    this.fetches.increment();
    token.start(time);
    const call: HttpCall = httpCall(
      this.metadataCluster,
      [
        ":method", "GET",
        ":path", token.source.path(),
        ":authority", "metadata.google.internal",
        "metadata-flavor", "Google",
      ],
      token.timeoutMs,
    );
    if (call.status == Status.Ok) token.call = call.id;
    // While the proxy starts, the cluster may be there in a moment.
    else if (call.status == Status.BadArgument) this.fail(token, time, 'the proxy refused the call; is there a cluster "' + this.metadataCluster + '"?', true);
    else this.fail(token, time, "the call could not start, status " + call.status.toString(), true);
  }

  private tokenOfCall(call: u32): CachedToken | null {
    const tokens = this.upstreams.tokens;
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i].fetching && tokens[i].call == call) return tokens[i];
    }
    return null;
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
    const waiters = token.takeWaiters();
    for (let i = 0; i < waiters.length; i++) {
      if (!enterStream(waiters[i].stream)) continue;
      if (replaceRequestHeader(this.tokenHeader, token.header)) continueRequest();
      else this.denyUnavailable();
    }
    this.countWaiting(-waiters.length);
  }

  private fail(token: CachedToken, time: f64, reason: string, retryable: bool): void {
    this.failures.increment();
    logWarn("metadata-token: the metadata server gave no " + token.source.name() + ": " + reason);
    if (token.failed(time, this.random.chance(), retryable)) this.refuse(token.takeWaiters());
  }

  private refuse(waiters: Waiter[]): void {
    for (let i = 0; i < waiters.length; i++) {
      if (enterStream(waiters[i].stream)) this.denyUnavailable();
    }
    this.countWaiting(-waiters.length);
  }

  private denyUnavailable(): u32 {
    return this.deny("metadata_token_unavailable", "The gateway cannot get its own identity at the moment. Try again.");
  }

  private deny(details: string, body: string): u32 {
    this.denials.increment();
    sendLocalReply(503, details, body + "\n");
    return FilterHeadersStatus.StopIteration;
  }

  private countWaiting(difference: i32): void {
    if (difference == 0) return;
    this.waiting += difference;
    this.waitingGauge.add(difference);
  }

  /** Logs a fault of the configuration, once. */
  private report(fault: string): void {
    if (this.reported.has(fault)) return;
    this.reported.add(fault);
    logError("metadata-token: " + fault);
  }

  /** Finer while somebody waits. */
  private adjustTick(): void {
    this.tick(this.waiting > 0 ? WAITING_TICK_MS : TICK_MS);
  }

  private tick(period: u32): void {
    if (this.tickPeriod == period) return;
    this.tickPeriod = period;
    setTickPeriod(period);
  }
}
