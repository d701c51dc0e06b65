import type { Cluster } from './cluster.ts';
import { formatGrpcTimeout, parseGrpcTimeout } from './grpc-status.ts';
import type { Headers } from './header-map.ts';
import type { HttpStream } from './http-stream.ts';
import { pathOf } from './matchers.ts';
import { RequestBody } from './request-body.ts';
import { compileRetry, type RetryState } from './retry.ts';
import type { Route, RouteAction } from './route-table.ts';
import type { UpstreamSpan } from './tracing/upstream-span.ts';
import type { ResetReason, UpstreamCallbacks, UpstreamStream } from './upstream.ts';

const resetText: Readonly<Record<ResetReason, { text: string; flags: string }>> = {
  'connect-failure': { text: 'remote connection failure', flags: 'UF' },
  'connection-timeout': { text: 'connection timeout', flags: 'UF' },
  'refused-stream': { text: 'remote refused stream reset', flags: 'UR' },
  reset: { text: 'connection termination', flags: 'UC' },
  overflow: { text: 'overflow', flags: 'UO' },
  'no-healthy-upstream': { text: '', flags: 'UH' },
};

/** One request at the router: picks a host, sends, retries, times out, and hands the response back to the stream. */
export class RoutedRequest implements UpstreamCallbacks {
  readonly #stream: HttpStream;
  readonly #route: Route;
  readonly #action: RouteAction;
  readonly #cluster: Cluster;
  readonly #suppressEnvoyHeaders: boolean;
  readonly #retry: RetryState | undefined;
  readonly #body: RequestBody;
  #upstream: UpstreamStream | undefined;
  /** Of the attempt under way. */
  #span: UpstreamSpan | undefined;
  #holdsSlot = false;
  #holdsRetry = false;
  #responded = false;
  #finished = false;
  #sentAt = 0;
  #timeout: NodeJS.Timeout | undefined;
  #maxDuration: NodeJS.Timeout | undefined;
  #perTry: NodeJS.Timeout | undefined;
  #backOff: NodeJS.Timeout | undefined;

  constructor(stream: HttpStream, route: Route, action: RouteAction, cluster: Cluster, suppressEnvoyHeaders: boolean) {
    this.#stream = stream;
    this.#route = route;
    this.#action = action;
    this.#cluster = cluster;
    this.#suppressEnvoyHeaders = suppressEnvoyHeaders;
    this.#retry = action.retry === undefined ? undefined : compileRetry(action.retry);
    this.#body = new RequestBody(stream, this.#retry !== undefined, this);
    stream.upstreamCluster = cluster.name;
  }

  start(): void {
    const { request } = this.#stream;
    const { config, rewritePath } = this.#action;
    this.#armMaxDuration(request);
    if (rewritePath !== undefined) {
      const target = request.get(':path') ?? '/';
      const path = pathOf(target);
      request.set('x-envoy-original-path', target);
      request.set(':path', rewritePath(path) + target.slice(path.length));
    }
    if (config.append_x_forwarded_host) request.add('x-forwarded-host', request.get(':authority') ?? '');
    if (config.host_rewrite_literal !== undefined) request.set(':authority', config.host_rewrite_literal);
    else if (config.host_rewrite_header !== undefined)
      request.set(':authority', request.get(config.host_rewrite_header) ?? request.get(':authority') ?? '');
    for (const edit of this.#route.requestEdits) edit(request, this.#stream);
    // Hop-by-hop for HTTP/2 upstreams, and a length that a transform has changed would be a lie.
    request.remove('connection');
    if (this.#body.readyAtOnce()) this.#send();
  }

  /** The body that a transform needed whole is there. */
  onBodyComplete(): void {
    if (!this.#stream.over) this.#send();
  }

  #send(): void {
    try {
      this.#sendToHost();
    } catch (error) {
      // Headers that the upstream's protocol has no form for, above all.
      this.#stream.fail(error);
    }
  }

  #sendToHost(): void {
    const endpoint = this.#cluster.pick();
    if (endpoint === undefined) {
      this.#stream.sendLocalReply({ status: 503, body: 'no healthy upstream', details: 'no_healthy_upstream', flags: 'UH' });
      return;
    }
    if (!this.#cluster.acquire(endpoint)) {
      this.#stream.sendLocalReply({
        status: 503,
        body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
        headers: this.#suppressEnvoyHeaders ? [] : [['x-envoy-overloaded', 'true']],
        details: 'upstream_reset_before_response_started{overflow}',
        flags: 'UO',
      });
      return;
    }
    this.#holdsSlot = true;
    this.#sentAt = this.#stream.manager.now();
    const { config } = this.#action;
    const { request } = this.#stream;
    if (config.auto_host_rewrite) request.set(':authority', endpoint.hostname);
    this.#span = this.#stream.trace?.startAttempt(this.#cluster, this.#retry?.attempts ?? 0);
    this.#upstream = this.#cluster.request(endpoint, request, this.#body.isEmpty, this);
    this.#stream.upstreamHost = this.#upstream.address;
    this.#span?.onHost(this.#upstream.address);
    if (config.timeout > 0 && this.#timeout === undefined) this.#timeout = setTimeout(onTimeout, config.timeout, this.#stream);
    const perTry = this.#action.retry?.per_try_timeout;
    if (perTry !== undefined && perTry > 0) this.#perTry = setTimeout(() => this.#onPerTryTimeout(), perTry);
    if (!this.#body.isEmpty) this.#body.sendTo(this.#upstream);
  }

  // max_stream_duration counts from the request's start; grpc-timeout shortens it and travels on, as in Envoy.
  #armMaxDuration(request: Headers): void {
    const limits = this.#action.config.max_stream_duration;
    if (limits === undefined) return;
    let milliseconds = limits.max_stream_duration ?? this.#stream.manager.config.common_http_protocol_options.max_stream_duration ?? 0;
    const asked = limits.grpc_timeout_header_max === undefined ? undefined : parseGrpcTimeout(request.get('grpc-timeout'));
    if (asked !== undefined) {
      const max = limits.grpc_timeout_header_max!;
      const capped = max === 0 ? asked : Math.min(asked, max);
      milliseconds = Math.max(0, capped - (limits.grpc_timeout_header_offset ?? 0));
    }
    if (milliseconds <= 0 && asked === undefined) return;
    request.set('grpc-timeout', formatGrpcTimeout(milliseconds));
    this.#maxDuration = setTimeout(onMaxDuration, milliseconds, this.#stream);
  }

  #onPerTryTimeout(): void {
    if (this.#responded) return;
    this.#dropUpstream();
    if (!this.#retryAfter(this.#retry?.onReset('reset') ?? false)) onTimeout(this.#stream);
  }

  onUpstreamHeaders(headers: Headers, endStream: boolean): void {
    clearTimeout(this.#perTry);
    if (headers.get(':status')?.charCodeAt(0) === 49) return;
    this.#span?.onHeaders(headers);
    if (!this.#responded && this.#retry?.onHeaders(headers, endStream) === true && this.#body.canReplay && this.#retryAfter(true)) {
      if (endStream) this.#endSpan();
      this.#dropUpstream();
      return;
    }
    this.#responded = true;
    this.#releaseRetry();
    this.#stream.trailersMayFollow = !endStream;
    if (endStream) this.#complete();
    if (!this.#suppressEnvoyHeaders)
      headers.set('x-envoy-upstream-service-time', String(Math.round(this.#stream.manager.now() - this.#sentAt)));
    this.#stream.details = 'via_upstream';
    for (const edit of this.#route.responseEdits) edit(headers, this.#stream);
    this.#stream.encodeHeaders(headers, endStream);
  }

  onUpstreamData(chunk: Buffer): void {
    if (!this.#stream.encodeData(chunk, false)) this.#upstream?.pause();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.#span?.onTrailers(trailers);
    this.#complete();
    if (trailers !== undefined) this.#stream.encodeTrailers(trailers);
    else this.#stream.encodeData(Buffer.alloc(0), true);
  }

  onUpstreamReset(reason: ResetReason): void {
    this.#releaseSlot();
    this.#upstream = undefined;
    this.#span?.onReset(resetText[reason].text);
    this.#span = undefined;
    clearTimeout(this.#perTry);
    if (this.#finished) return;
    if (!this.#responded && this.#body.canReplay && this.#retryAfter(this.#retry?.onReset(reason) ?? false)) return;
    const { text, flags } = resetText[reason];
    const before = 'upstream connect error or disconnect/reset before headers';
    const retried = (this.#retry?.attempts ?? 0) > 0 ? 'retried and the latest ' : '';
    this.#stream.sendLocalReply({
      status: 503,
      body: `${before}. ${retried}reset reason: ${text}`,
      details: `upstream_reset_${this.#responded ? 'after' : 'before'}_response_started{${text.replaceAll(' ', '_')}}`,
      flags,
    });
  }

  #retryAfter(wanted: boolean): boolean {
    this.#releaseRetry();
    if (!wanted) return false;
    this.#holdsRetry = this.#cluster.acquireRetry();
    if (!this.#holdsRetry) return false;
    const delay = this.#retry?.next();
    if (delay === undefined) {
      this.#releaseRetry();
      return false;
    }
    this.#backOff = setTimeout(() => {
      if (!this.#stream.over) this.#send();
    }, delay);
    return true;
  }

  onUpstreamWritable(): void {
    this.#body.resume();
  }

  /** The client takes response data again. */
  resumeResponse(): void {
    this.#upstream?.resume();
  }

  /** The response is complete; a request that is still being sent is cut off, as Envoy does. */
  #complete(): void {
    this.#finished = true;
    this.#endSpan();
    this.#releaseRetry();
    this.#clearTimers();
    this.#releaseSlot();
  }

  #endSpan(): void {
    this.#span?.finish();
    this.#span = undefined;
  }

  #dropUpstream(): void {
    this.#span?.cancel();
    this.#span = undefined;
    this.#upstream?.cancel();
    this.#upstream = undefined;
    this.#body.detach();
    this.#releaseSlot();
  }

  #releaseSlot(): void {
    if (this.#holdsSlot) this.#cluster.release();
    this.#holdsSlot = false;
  }

  #releaseRetry(): void {
    if (this.#holdsRetry) this.#cluster.releaseRetry();
    this.#holdsRetry = false;
  }

  #clearTimers(): void {
    clearTimeout(this.#timeout);
    clearTimeout(this.#maxDuration);
    clearTimeout(this.#perTry);
    clearTimeout(this.#backOff);
  }

  /** The stream is over, or was answered otherwise. */
  cancel(): void {
    this.#clearTimers();
    this.#releaseRetry();
    if (this.#finished) return;
    this.#finished = true;
    this.#dropUpstream();
  }
}

// Functions that are there once, with the stream as an argument: a closure for each request costs more.
function onTimeout(stream: HttpStream): void {
  stream.sendLocalReply({ status: 504, body: 'upstream request timeout', details: 'response_timeout', flags: 'UT' });
}

function onMaxDuration(stream: HttpStream): void {
  stream.sendLocalReply({
    status: 408,
    body: 'downstream duration timeout',
    grpcStatus: 4,
    details: 'max_duration_timeout',
    flags: 'DT',
  });
}
