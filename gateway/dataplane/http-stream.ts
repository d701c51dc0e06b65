import type { ConnectionManager } from './connection-manager.ts';
import type { DownstreamListener, DownstreamStream } from './downstream.ts';
import { parseGrpcStatus } from './grpc-status.ts';
import type { Headers } from './header-map.ts';
import type { HttpFilter, RequestTransform } from './http-filter.ts';
import { composeLocalReply } from './local-reply.ts';
import { isGrpcContentType } from './matchers.ts';
import type { Route } from './route-table.ts';
import { StreamTimers } from './stream-timers.ts';
import type { RequestTrace } from './tracing/request-trace.ts';

/** A response that the proxy gives by itself. */
export interface LocalReply {
  readonly status: number;
  readonly body?: string | Uint8Array;
  readonly headers?: readonly (readonly [string, string])[];
  /** For gRPC requests; derived from the HTTP status where it is missing. */
  readonly grpcStatus?: number;
  /** Envoy's RESPONSE_CODE_DETAILS. */
  readonly details: string;
  /** Envoy's RESPONSE_FLAGS. */
  readonly flags?: string;
}

/** One request on its way through the filters and back: Envoy's filter manager and stream info. */
export class HttpStream implements DownstreamListener {
  readonly manager: ConnectionManager;
  readonly downstream: DownstreamStream;
  /** The request's headers as they are now. */
  readonly request: Headers;
  /** The request ended with its headers. */
  readonly requestEnded: boolean;
  /** Judged at the start: a transcoded request stays a plain one, so that its local replies are plain. */
  readonly isGrpc: boolean;
  readonly startTime: number;
  /** stream_idle_timeout and request_timeout. */
  readonly timers: StreamTimers;
  /** By filter slot. */
  readonly state: unknown[];
  response: Headers | undefined;
  responseTrailers: Headers | undefined;
  requestTransform: RequestTransform | undefined;
  responseStarted = false;
  done = false;
  details = '';
  flags = '-';
  bytesReceived = 0;
  bytesSent = 0;
  upstreamCluster: string | undefined;
  upstreamHost: string | undefined;
  requestId: string | undefined;
  /** The client as trusted proxies tell it; the peer where there are none. */
  clientAddress: string;
  /** What a local reply said before its format was applied. */
  localReplyBody: string | undefined;
  healthCheck = false;
  /** Undefined where the listener does not trace. */
  trace: RequestTrace | undefined;
  /** The upstream's response is not over with its headers. */
  trailersMayFollow = false;
  /** The router's state. */
  upstream: unknown;
  #metadata: Record<string, Record<string, unknown>> | undefined;
  #route: Route | undefined;
  #routeKnown = false;
  #nextDecode = 0;
  #dataFilters: [filter: HttpFilter, slot: number][] | undefined;
  #locallyReplied = false;
  #responseComplete = false;

  constructor(manager: ConnectionManager, downstream: DownstreamStream, request: Headers, requestEnded: boolean) {
    this.manager = manager;
    this.downstream = downstream;
    this.request = request;
    this.requestEnded = requestEnded;
    this.isGrpc = isGrpcContentType(request.get('content-type'));
    this.startTime = manager.now();
    this.clientAddress = downstream.remoteAddress;
    this.timers = new StreamTimers(this);
    this.state = new Array(manager.filters.length);
    downstream.listener = this;
  }

  /** The route, matched at the first need and again after `clearRouteCache`. */
  get route(): Route | undefined {
    if (!this.#routeKnown) {
      this.#route = this.manager.routes.match(this.request);
      this.#routeKnown = true;
    }
    return this.#route;
  }

  /** The route that was matched last: what plugins see, also after `clearRouteCache` until somebody asks for `route`. */
  get resolvedRoute(): Route | undefined {
    return this.#routeKnown ? this.#route : (this.#route ?? this.route);
  }

  clearRouteCache(): void {
    this.#routeKnown = false;
  }

  /** Dynamic metadata by filter name. */
  get metadata(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return this.#metadata ?? {};
  }

  setMetadata(namespace: string, key: string, value: unknown): void {
    this.#metadata ??= {};
    this.#metadata[namespace] ??= {};
    this.#metadata[namespace][key] = value;
  }

  /** Runs the request filters from where they stopped; then the router. */
  continueRequest(): void {
    try {
      this.#decode();
    } catch (error) {
      this.fail(error);
    }
  }

  /** A fault of the data plane itself: logged whole, told to nobody, and never the end of the process. */
  fail(error: unknown): void {
    this.manager.onFault(error);
    this.sendLocalReply({ status: 500, body: 'internal error', details: 'internal_fault' });
  }

  #decode(): void {
    const filters = this.manager.filters;
    while (this.#nextDecode < filters.length) {
      if (this.done || this.#locallyReplied) return;
      const filter = filters[this.#nextDecode++]!;
      if (filter.decodeHeaders !== undefined && filter.decodeHeaders(this, this.requestEnded) === 'stop') return;
    }
    if (!this.done && !this.#locallyReplied) this.manager.router.start(this);
  }

  /** Whether nothing is to be sent any more by the router: answered locally or over. */
  get over(): boolean {
    return this.done || this.#locallyReplied;
  }

  /** Lets a filter see the response's data and trailers. */
  interceptData(filter: HttpFilter, slot: number): void {
    this.#dataFilters ??= [];
    this.#dataFilters.push([filter, slot]);
  }

  /** Sends response headers through the filters, the last first. */
  encodeHeaders(headers: Headers, endStream: boolean): void {
    this.response = headers;
    this.continueResponse(this.manager.filters.length, endStream);
  }

  /** Goes on with the response headers at the filter before `slot`. */
  continueResponse(slot: number, endStream: boolean): void {
    try {
      this.#encodeHeaders(slot, endStream);
    } catch (error) {
      this.manager.onFault(error);
      this.downstream.reset();
    }
  }

  #encodeHeaders(slot: number, endStream: boolean): void {
    const filters = this.manager.filters;
    const headers = this.response!;
    for (let i = slot - 1; i >= 0; i--) {
      const filter = filters[i]!;
      if (filter.encodeHeaders !== undefined && filter.encodeHeaders(this, headers, endStream) === 'stop') return;
    }
    this.manager.finishHeaders(this, headers);
    this.responseStarted = true;
    if (endStream) this.#responseComplete = true;
    this.downstream.sendHeaders(headers, endStream || this.request.get(':method') === 'HEAD', this.trailersMayFollow);
  }

  /** Sends response data through the filters. Returns false where the client is slow. */
  encodeData(chunk: Buffer, endStream: boolean): boolean {
    try {
      return this.injectData(this.manager.filters.length, chunk, endStream);
    } catch (error) {
      this.fail(error);
      return true;
    }
  }

  /** Sends data on from the filter at `slot`. */
  injectData(slot: number, chunk: Buffer, endStream: boolean): boolean {
    let out: Buffer | undefined = chunk;
    if (this.#dataFilters !== undefined) {
      for (const [filter, at] of this.#dataFilters) {
        if (at >= slot) continue;
        out = filter.encodeData!(this, out, endStream);
        if (out === undefined) return true;
      }
    }
    this.bytesSent += out.length;
    this.timers.touch();
    if (endStream) this.#responseComplete = true;
    if (this.request.get(':method') === 'HEAD') return true;
    return out.length === 0 && !endStream ? true : this.downstream.sendData(out, endStream);
  }

  /** Ends the response with the upstream's trailers. */
  encodeTrailers(trailers: Headers): void {
    this.responseTrailers = trailers;
    try {
      for (const [filter] of this.#dataFilters ?? []) {
        if (filter.encodeTrailers !== undefined && filter.encodeTrailers(this, trailers) === 'stop') return;
      }
      this.finishTrailers(trailers);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the response with trailers that no filter sees any more. */
  finishTrailers(trailers: Headers): void {
    this.#responseComplete = true;
    this.downstream.sendTrailers(trailers);
  }

  /** Answers without an upstream, or resets where the response is already under way. */
  sendLocalReply(reply: LocalReply): void {
    if (this.done || this.#locallyReplied) return;
    if (this.responseStarted) {
      this.details = reply.details;
      this.downstream.reset();
      return;
    }
    this.#locallyReplied = true;
    this.trailersMayFollow = false;
    this.details = reply.details;
    if (reply.flags !== undefined) this.flags = reply.flags;
    this.manager.router.onDone(this);
    const { headers, body } = composeLocalReply(this, reply);
    this.encodeHeaders(headers, body === undefined);
    if (body !== undefined) this.encodeData(body, true);
  }

  /** The gRPC status that the client got, for logs; undefined for plain HTTP. */
  get grpcStatus(): number | undefined {
    return parseGrpcStatus(this.responseTrailers?.get('grpc-status') ?? this.response?.get('grpc-status'));
  }

  onDownstreamWritable(): void {
    this.manager.router.onWritable(this);
  }

  onDownstreamClose(complete: boolean): void {
    if (this.done) return;
    this.done = true;
    this.timers.stop();
    if (!complete && !this.#responseComplete) {
      this.details ||= 'downstream_remote_disconnect';
      this.flags = 'DC';
    }
    this.manager.router.onDone(this);
    for (const filter of this.manager.filters) filter.onDone?.(this);
    this.manager.onStreamDone(this);
  }
}
