import { randomUUID } from 'node:crypto';
import type { HttpConnectionManagerConfig } from './config/listener-config.ts';
import type { DownstreamStream } from './downstream.ts';
import type { Log } from './filter-factory.ts';
import type { HeaderEdit } from './header-edits.ts';
import type { Headers } from './header-map.ts';
import type { HttpFilter, TerminalFilter } from './http-filter.ts';
import { HttpStream } from './http-stream.ts';
import type { LocalReplyRewriter } from './local-reply.ts';
import { compilePathNormalization } from './path-normalization.ts';
import type { RouteTable } from './route-table.ts';
import type { Stats } from './stats.ts';
import type { Tracer } from './tracing/tracer.ts';

// Envoy's HeaderUtility and ConnectionManagerUtility remove them from requests of the outside world.
const internalHeaders = new Set(
  [
    'retriable-status-codes',
    'retriable-header-names',
    'retry-on',
    'retry-grpc-on',
    'max-retries',
    'upstream-alt-stat-name',
    'upstream-rq-timeout-ms',
    'upstream-rq-per-try-timeout-ms',
    'upstream-rq-timeout-alt-response',
    'expected-rq-timeout-ms',
    'force-trace',
    'ip-tags',
    'original-url',
    'hedge-on-per-try-timeout',
    'internal',
    'decorator-operation',
    'external-address',
  ].map((name) => `x-envoy-${name}`),
);

/** What a connection manager is made of. */
export interface ConnectionManagerParts {
  readonly config: HttpConnectionManagerConfig;
  readonly filters: readonly HttpFilter[];
  readonly router: TerminalFilter;
  readonly routes: RouteTable;
  readonly localReply: LocalReplyRewriter;
  readonly log: (stream: HttpStream) => void;
  readonly earlyEdits: readonly HeaderEdit[];
  readonly tracer: Tracer | undefined;
  readonly stats: Stats;
  /** The data plane's own log. */
  readonly report: Log;
  readonly now: () => number;
}

/** Envoy's HTTP connection manager: prepares each request, runs it through the filters, finishes each response. */
export class ConnectionManager {
  readonly config: HttpConnectionManagerConfig;
  readonly filters: readonly HttpFilter[];
  readonly router: TerminalFilter;
  readonly routes: RouteTable;
  readonly localReply: LocalReplyRewriter;
  readonly now: () => number;
  /** Undefined where the listener does not trace. */
  readonly tracer: Tracer | undefined;
  /** Set while draining: HTTP/1.1 connections close after their response. */
  draining = false;
  /** What the health check filter answers: not after /healthcheck/fail. */
  healthy = true;
  /** Streams that are open. */
  streams = 0;
  readonly #parts: ConnectionManagerParts;
  readonly #normalizePath: ReturnType<typeof compilePathNormalization>;
  readonly #requests: { value: number };
  readonly #active: { value: number };
  readonly #responses: readonly { value: number }[];

  constructor(parts: ConnectionManagerParts) {
    this.#parts = parts;
    this.config = parts.config;
    this.filters = parts.filters;
    this.router = parts.router;
    this.routes = parts.routes;
    this.localReply = parts.localReply;
    this.now = parts.now;
    this.tracer = parts.tracer;
    this.#normalizePath = compilePathNormalization(parts.config);
    const labels = `envoy_http_conn_manager_prefix="${parts.config.stat_prefix}"`;
    this.#requests = parts.stats.counter(`envoy_http_downstream_rq_total{${labels}}`);
    this.#active = parts.stats.gauge(`envoy_http_downstream_rq_active{${labels}}`);
    this.#responses = [1, 2, 3, 4, 5].map((c) =>
      parts.stats.counter(`envoy_http_downstream_rq_xx{envoy_response_code_class="${c}",${labels}}`),
    );
  }

  /** Takes one request from a codec. */
  handle(downstream: DownstreamStream, request: Headers, endStream: boolean): void {
    const stream = new HttpStream(this, downstream, request, endStream);
    this.streams++;
    this.#requests.value++;
    this.#active.value++;
    let prepared = false;
    try {
      prepared = this.#prepare(stream, request);
    } catch (error) {
      this.onFault(error);
      downstream.reset();
    }
    if (prepared) stream.continueRequest();
  }

  /** Checks and completes the request's headers; false where it was answered. */
  #prepare(stream: HttpStream, request: Headers): boolean {
    const config = this.config;
    for (const edit of this.#parts.earlyEdits) edit(request, stream);
    if (request.list.length / 2 > config.common_http_protocol_options.max_headers_count + 4) {
      stream.sendLocalReply({ status: 431, details: 'too_many_headers' });
      return false;
    }
    const underscores = config.common_http_protocol_options.headers_with_underscores_action;
    if (underscores !== 'ALLOW' && request.list.some((text, i) => i % 2 === 0 && text.includes('_'))) {
      if (underscores === 'REJECT_REQUEST') {
        stream.sendLocalReply({ status: 400, details: 'http1.unexpected_underscore' });
        return false;
      }
      request.removeWhere((name) => name.includes('_'));
    }
    if ((request.get(':authority') ?? '') === '') {
      stream.sendLocalReply({ status: 400, details: 'missing_host_header' });
      return false;
    }
    const before = request.get(':path') ?? '';
    const path = this.#normalizePath(before);
    if (path.kind === 'reject') {
      stream.sendLocalReply({ status: 400, details: 'path_normalization_failed' });
      return false;
    }
    if (path.kind === 'redirect') {
      stream.sendLocalReply({ status: 307, headers: [['location', path.path]], details: 'path_normalization_redirect' });
      return false;
    }
    if (path.path !== before) request.set(':path', path.path);
    this.#addForwarding(stream, request);
    if (this.tracer !== undefined) stream.trace = this.tracer.start(stream);
    return true;
  }

  #addForwarding(stream: HttpStream, request: Headers): void {
    const config = this.config;
    const scheme = config.scheme_header_transformation?.scheme_to_overwrite;
    if (scheme !== undefined) request.set(':scheme', scheme);
    if (config.strip_any_host_port) request.set(':authority', request.get(':authority')!.replace(/:\d+$/, ''));
    const address = stream.downstream.remoteAddress;
    const forwarded = request.getAll('x-forwarded-for');
    stream.clientAddress = trustedAddress(config, forwarded) ?? address;
    if (config.use_remote_address) {
      request.removeWhere((name) => internalHeaders.has(name));
      if (!config.skip_xff_append) request.set('x-forwarded-for', forwarded === undefined ? address : `${forwarded},${address}`);
      // With a trusted proxy in front, its word about the scheme counts.
      if (config.xff_num_trusted_hops === 0 || request.get('x-forwarded-proto') === undefined) request.set('x-forwarded-proto', 'http');
    } else if (request.get('x-forwarded-proto') === undefined) request.set('x-forwarded-proto', 'http');
    const given = request.get('x-request-id');
    const external = config.use_remote_address && !config.preserve_external_request_id;
    if (config.generate_request_id && (given === undefined || external)) {
      stream.requestId = randomUUID();
      request.set('x-request-id', stream.requestId);
    } else stream.requestId = given;
  }

  /** Completes response headers, after the filters. */
  finishHeaders(stream: HttpStream, headers: Headers): void {
    const { server_header_transformation: action, server_name: name } = this.config;
    if (action === 'OVERWRITE' || (action === 'APPEND_IF_ABSENT' && headers.get('server') === undefined)) headers.set('server', name);
    headers.remove('connection');
    headers.remove('transfer-encoding');
    headers.remove('keep-alive');
    if (this.config.always_set_request_id_in_response && stream.requestId !== undefined) headers.set('x-request-id', stream.requestId);
    const status = headers.get(':status')!;
    const counter = this.#responses[status.charCodeAt(0) - 49];
    if (counter !== undefined) counter.value++;
  }

  /** Logs a fault of the data plane itself. */
  onFault(error: unknown): void {
    this.#parts.report('ERROR', 'a request failed inside the data plane', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  /** Counts and logs a stream that is over. */
  onStreamDone(stream: HttpStream): void {
    this.streams--;
    this.#active.value--;
    stream.trace?.finish();
    this.#parts.log(stream);
  }
}

/** The address that the last trusted proxy saw; undefined where the peer itself counts. */
function trustedAddress(config: HttpConnectionManagerConfig, forwarded: string | undefined): string | undefined {
  const hops = config.use_remote_address ? config.xff_num_trusted_hops : config.xff_num_trusted_hops + 1;
  return hops === 0 || forwarded === undefined ? undefined : forwarded.split(',').at(-hops)?.trim();
}
