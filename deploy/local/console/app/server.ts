import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../../../../services/platform/contracts/error-text.ts';
import type { PlatformState } from '../api.ts';

/** What the server said went wrong, for people. */
export class ServerError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether the server is there: false while it is being started again. */
export const isConnected = signal(true);

/** Whether the server does not let this browser in any more: its state, and the token with it, was reset. */
export const isLockedOut = signal(false);

/** How the platform is, as last told. */
export const platform = signal<PlatformState | undefined>(undefined);

/** What a part of the platform cannot tell just now, by the source's name. */
export const troubles = signal<Readonly<Record<string, string>>>({});

/** Asks the server. @throws {ServerError} */
export async function ask<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await request(path, body, signal);
  return (await response.json()) as T;
}

/** Asks the server, for an answer that comes bit by bit. @throws {ServerError} */
export async function request(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      ...(body !== undefined && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServerError(0, 'The platform does not answer: it is being started again, or has ended.');
  }
  if (!response.ok) {
    const told = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    throw new ServerError(response.status, told?.error?.message ?? `HTTP ${response.status}`);
  }
  return response;
}

const reconnectMs = 1_000;

/** Listens to what the server tells without being asked, for as long as it is wanted; after a break it asks again by itself. @returns ends it. */
export function listen(want: string, query: Readonly<Record<string, string>>, on: (source: string, data: unknown) => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource(`/api/live?${new URLSearchParams({ ...query, want })}`);
    source.onopen = () => {
      isConnected.value = true;
      isLockedOut.value = false;
      on('connected', undefined);
    };
    source.onerror = () => {
      isConnected.value = false;
      // A browser asks again by itself, unless it was answered with an error.
      if (source?.readyState !== EventSource.CLOSED) return;
      // It does not tell which.
      ask('/api/platform').catch(({ status }: ServerError) => {
        isLockedOut.value = status === 401;
      });
      timer = setTimeout(open, reconnectMs);
    };
    for (const name of want.split(',')) source.addEventListener(name, ({ data }) => on(name, JSON.parse(data)));
    source.addEventListener('trouble', ({ data }) => {
      const { source: name, message } = JSON.parse(data) as { source: string; message: string };
      troubles.value = { ...troubles.value, [name]: message };
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
    troubles.value = {};
  };
}

/** What a screen shows of an answer of the server. */
interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  /** Asks once more; resolves when that is shown. */
  readonly reload: () => Promise<void>;
}

/** Asks the server for what a screen shows, again whenever `path` changes, every `everyMs` where that is told, and after each break. */
export function useServer<T>(path: string | undefined, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ path: string | undefined; value: T | undefined; error: string | undefined }>({
    path,
    value: undefined,
    error: undefined,
  });
  const reload = useRef(async () => {});
  const connected = isConnected.value;
  useEffect(() => {
    if (path === undefined) return;
    let gone = new AbortController();
    const load = async () => {
      // What was asked before and has not come would be older.
      gone.abort();
      gone = new AbortController();
      const { signal } = gone;
      try {
        const value = await ask<T>(path, undefined, signal);
        if (!signal.aborted) setState({ path, value, error: undefined });
      } catch (error) {
        // What was seen last stays, with the error beside it.
        if (!signal.aborted) setState((last) => ({ path, value: last.path === path ? last.value : undefined, error: errorText(error) }));
      }
    };
    reload.current = load;
    void load();
    const timer = everyMs === undefined ? undefined : setInterval(() => void load(), everyMs);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [path, everyMs, connected]);
  return { value: state.value, error: state.error, reload: () => reload.current() };
}
