import { HeaderList } from '../header-list.ts';
import type {
  HttpCallRequest,
  HttpCallResponse,
  LocalReply,
  PluginConfig,
  PluginEnvironment,
  PropertyValue,
  StreamEnvironment,
  StreamMap,
} from '../host.ts';

/** A call that a plugin started, for the test to answer. */
export interface ScriptedCall {
  readonly request: HttpCallRequest;
  cancelled: boolean;
  answer(status: string, body?: string | Uint8Array): void;
  /** A reset: no headers at all. */
  reset(): void;
}

/** A proxy that does what a test says. Its clock is Date, its timers are Node's: tests fake both. */
export class ScriptedProxy implements PluginEnvironment {
  readonly calls: ScriptedCall[] = [];
  readonly lines: string[] = [];
  /** Set to make calls fail to start. */
  refuseCalls: 'unknown-cluster' | 'no-healthy-host' | undefined;

  httpCall(
    request: HttpCallRequest,
    done: (response: HttpCallResponse) => void,
  ): { cancel(): void } | 'unknown-cluster' | 'no-healthy-host' {
    if (this.refuseCalls !== undefined) return this.refuseCalls;
    const call: ScriptedCall = {
      request,
      cancelled: false,
      answer: (status, body = '') => done({ headers: new HeaderList([[':status', status]]), body: Buffer.from(body), trailers: undefined }),
      reset: () => done({ headers: undefined, body: new Uint8Array(), trailers: undefined }),
    };
    this.calls.push(call);
    return {
      cancel: () => {
        call.cancelled = true;
      },
    };
  }

  log(level: string, message: string): void {
    this.lines.push(`${level}: ${message}`);
  }

  now(): number {
    return Date.now();
  }
}

/** The proxy's side of one stream, recording what the plugin did to it. */
export class ScriptedStream implements StreamEnvironment {
  readonly request: HeaderList;
  readonly response = new HeaderList([[':status', '200']]);
  readonly properties: Readonly<Record<string, PropertyValue>>;
  readonly replies: LocalReply[] = [];
  /** Told of continueRequest and sendLocalReply at the moment they happen. */
  onEvent: (event: string) => void = () => {};
  continued = 0;
  routeCacheCleared = 0;

  /** `properties` by their path, joined with dots. */
  constructor(headers: readonly (readonly [string, string])[], properties: Readonly<Record<string, PropertyValue>>) {
    this.request = new HeaderList(headers);
    this.properties = properties;
  }

  headers(map: StreamMap): HeaderList | undefined {
    if (map === 'request-headers') return this.request;
    return map === 'response-headers' ? this.response : undefined;
  }

  property(path: readonly string[]): PropertyValue {
    return this.properties[path.join('.')];
  }

  clearRouteCache(): void {
    this.routeCacheCleared++;
  }

  continueRequest(): void {
    this.continued++;
    this.onEvent('continued');
  }

  sendLocalReply(reply: LocalReply): void {
    this.replies.push(reply);
    this.onEvent(`replied ${reply.status}`);
  }
}

/** A plugin configuration with what a test does not care about filled in. */
export function pluginConfig(code: Uint8Array, configuration: unknown, rest: Partial<PluginConfig> = {}): PluginConfig {
  return {
    name: 'test',
    rootId: 'root',
    vmId: 'vm',
    code,
    vmConfiguration: new Uint8Array(),
    configuration: Buffer.from(typeof configuration === 'string' ? configuration : JSON.stringify(configuration)),
    failurePolicy: 'fail-closed',
    ...rest,
  };
}
