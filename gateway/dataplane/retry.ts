import type { RetryPolicyConfig } from './config/route-config.ts';
import { parseGrpcStatus } from './grpc-status.ts';
import type { Headers } from './header-map.ts';
import type { ResetReason } from './upstream.ts';

const grpcConditions: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};

/** The retries of one request. */
export interface RetryState {
  readonly attempts: number;
  /** Whether a failure before the response asks for another attempt. */
  onReset(reason: ResetReason): boolean;
  /** Whether a response asks for another attempt. gRPC conditions see trailers-only answers alone, as in Envoy. */
  onHeaders(headers: Headers, endStream: boolean): boolean;
  /** Milliseconds until the next attempt, or undefined where there is none left. */
  next(): number | undefined;
}

/** Starts counting by an envoy.config.route.v3.RetryPolicy. */
export function compileRetry(policy: RetryPolicyConfig): RetryState {
  return new PolicyRetry(policy);
}

class PolicyRetry implements RetryState {
  readonly #policy: RetryPolicyConfig;
  readonly #conditions: readonly string[];
  attempts = 0;

  constructor(policy: RetryPolicyConfig) {
    this.#policy = policy;
    this.#conditions = conditionsOf(policy.retry_on);
  }

  #on(...names: string[]): boolean {
    return names.some((name) => this.#conditions.includes(name));
  }

  onReset(reason: ResetReason): boolean {
    if (this.#on('reset', '5xx', 'gateway-error')) return reason !== 'overflow';
    if (reason === 'refused-stream') return this.#on('refused-stream');
    if (reason === 'connect-failure' || reason === 'connection-timeout') return this.#on('connect-failure', 'reset-before-request');
    return false;
  }

  onHeaders(headers: Headers, _endStream: boolean): boolean {
    const status = Number(headers.get(':status'));
    if (status >= 500 && this.#on('5xx')) return true;
    if (status >= 502 && status <= 504 && this.#on('gateway-error')) return true;
    if (status === 409 && this.#on('retriable-4xx')) return true;
    if (this.#on('retriable-status-codes') && this.#policy.retriable_status_codes.includes(status)) return true;
    const grpc = parseGrpcStatus(headers.get('grpc-status'));
    return grpc !== undefined && grpc !== 0 && this.#conditions.some((name) => grpcConditions[name] === grpc);
  }

  next(): number | undefined {
    if (this.attempts >= this.#policy.num_retries) return undefined;
    this.attempts++;
    const base = this.#policy.retry_back_off?.base_interval ?? 25;
    const max = this.#policy.retry_back_off?.max_interval ?? base * 10;
    // Full jitter, as in Envoy.
    return Math.random() * Math.min(max, base * (2 ** this.attempts - 1));
  }
}

const parsed = new Map<string, readonly string[]>();

function conditionsOf(text: string): readonly string[] {
  let conditions = parsed.get(text);
  if (conditions === undefined) {
    conditions = text.split(',').map((name) => name.trim());
    parsed.set(text, conditions);
  }
  return conditions;
}
