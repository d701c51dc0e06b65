import { Agent, request } from 'node:http';
import { status } from '@grpc/grpc-js';
import type { Clock, MintIdToken } from '../../shared/local-server.ts';
import type { DeliveryMishaps } from './delivery-faults.ts';

/** An HTTP request that Pub/Sub, Cloud Tasks or Cloud Scheduler makes. */
export interface Dispatch {
  /** http:// only. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** The service account whose ID token goes into `Authorization`; null for none. An empty audience means the URL, as in Google's APIs. */
  readonly identity: { readonly email: string; readonly audience: string } | null;
  /** How long an answer may take, in milliseconds of the machine's clock. */
  readonly timeoutMs: number;
}

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number }
  /** No answer: too late (DEADLINE_EXCEEDED), or refused, reset, no ID token (UNAVAILABLE). The reason is for people. */
  | { readonly kind: 'unanswered'; readonly code: status.DEADLINE_EXCEEDED | status.UNAVAILABLE; readonly reason: string };

/** Sends requests. Never throws. */
export interface HttpDispatcher {
  send(dispatch: Dispatch): Promise<Outcome>;
  /** Ends what is under way as unanswered. */
  close(): void;
}

/** Told of each request that was sent, with what became of it; times in milliseconds. */
export type OnDelivery = (dispatch: Dispatch, outcome: Outcome, atMs: number, tookMs: number) => void;

/** An HTTP/1.1 client with connections kept alive. `machineClock` measures timeouts; `mishaps` are for drills. */
export function createHttpDispatcher(
  machineClock: Clock,
  mintIdToken: MintIdToken,
  mishaps?: DeliveryMishaps,
  onDelivery?: OnDelivery,
): HttpDispatcher {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const underWay = new Set<AbortController>();

  const exchange = (dispatch: Dispatch, authorization: string | undefined, signal: AbortSignal) =>
    new Promise<Outcome>((resolve, reject) => {
      const headers = authorization === undefined ? dispatch.headers : { ...dispatch.headers, authorization };
      const outgoing = request(dispatch.url, { method: dispatch.method, agent, signal, headers });
      const answered = (status: number) => resolve({ kind: 'answered', status });
      outgoing.on('information', ({ statusCode }) => {
        if (statusCode === 102) answered(102);
      });
      outgoing.on('response', (response) => {
        response.on('error', reject);
        response.on('end', () => answered(response.statusCode ?? 0));
        response.resume();
      });
      outgoing.on('error', reject);
      outgoing.setHeader('content-length', Buffer.byteLength(dispatch.body));
      outgoing.end(dispatch.body);
    });

  const deliver = async (dispatch: Dispatch): Promise<Outcome> => {
    const [atMs, startedAt] = [Date.now(), performance.now()];
    const outcome = await attempt(dispatch);
    onDelivery?.(dispatch, outcome, atMs, performance.now() - startedAt);
    return outcome;
  };

  const attempt = async (dispatch: Dispatch): Promise<Outcome> => {
    const aborted = new AbortController();
    underWay.add(aborted);
    let late = false;
    const cancelTimeout = machineClock.schedule(dispatch.timeoutMs, () => {
      late = true;
      aborted.abort(new Error(`no answer within ${dispatch.timeoutMs} ms`));
    });
    try {
      const { identity } = dispatch;
      const authorization =
        identity === null ? undefined : `Bearer ${await mintIdToken(identity.email, identity.audience || dispatch.url)}`;
      return await exchange(dispatch, authorization, aborted.signal);
    } catch (error) {
      const code = late ? status.DEADLINE_EXCEEDED : status.UNAVAILABLE;
      return { kind: 'unanswered', code, reason: String(aborted.signal.aborted ? aborted.signal.reason : error) };
    } finally {
      cancelTimeout();
      underWay.delete(aborted);
    }
  };

  return {
    send: async (dispatch) => {
      const mishap = mishaps?.next();
      if (mishap === undefined) return deliver(dispatch);
      if (mishap.delayMs > 0) await new Promise<void>((resolve) => void machineClock.schedule(mishap.delayMs, resolve));
      const outcome = await deliver(dispatch);
      if (mishap.repeatAfterMs !== undefined) machineClock.schedule(mishap.repeatAfterMs, () => void deliver(dispatch));
      if (!mishap.answerIsLost) return outcome;
      return { kind: 'unanswered', code: status.UNAVAILABLE, reason: 'the answer was lost, as a drill asked' };
    },
    close: () => {
      for (const aborted of underWay) aborted.abort(new Error('the local server stops'));
      agent.destroy();
    },
  };
}
