import { type ClientHttp2Session, connect } from 'node:http2';
import { maxSessionMemoryMib, sessionWindowBytes, streamWindowBytes } from './limits.ts';

/** The one HTTP/2 connection to a service, made again when it broke or the service moved. */
interface UpstreamSession {
  /** A session that takes new streams, or undefined where the service has no port. Whether it answers shows on the stream. */
  get(): ClientHttp2Session | undefined;
  /** From now on streams go to this port. Those that run may finish where they are. */
  setTarget(port: number | undefined): void;
  /** Ends the connection and its streams. */
  close(): void;
}

/** @see UpstreamSession */
export function createUpstreamSession(targetPort: number | undefined): UpstreamSession {
  let target = targetPort;
  let session: ClientHttp2Session | undefined;
  const open = new Set<ClientHttp2Session>();

  return {
    get() {
      if (target === undefined) return undefined;
      if (session === undefined || session.closed || session.destroyed) session = dial(target);
      return session;
    },
    setTarget(port) {
      if (port === target) return;
      target = port;
      session?.close();
      session = undefined;
    },
    close() {
      target = undefined;
      for (const each of open) each.destroy();
    },
  };

  function dial(port: number): ClientHttp2Session {
    const made = connect(`http://127.0.0.1:${port}`, {
      maxSessionMemory: maxSessionMemoryMib,
      settings: { initialWindowSize: streamWindowBytes, enablePush: false },
    });
    made.once('connect', () => made.setLocalWindowSize(sessionWindowBytes));
    // Each stream on it hears of the failure by itself.
    made.on('error', () => {});
    made.once('close', () => open.delete(made));
    open.add(made);
    return made;
  }
}
