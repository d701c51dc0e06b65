import type { Cluster } from './cluster.ts';
import type { HttpFilter } from './http-filter.ts';
import type { Stats } from './stats.ts';

/** Writes one log line of the data plane itself. */
export type Log = (severity: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR', message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What a filter is made in. */
export interface FilterContext {
  /** Where its configuration stands in the bootstrap. */
  readonly path: string;
  /** Its place in the chain: the index of its state in `stream.state`. */
  readonly slot: number;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly stats: Stats;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when the data plane stops. */
  onClose(close: () => void): void;
}

/** How a filter is made from its configuration. */
export interface FilterFactory {
  /** The filter's canonical name: the key of per-route configuration and of metadata. */
  readonly name: string;
  /** The message of its typed_config. */
  readonly type: string;
  /** @throws ConfigError naming the fields that are wrong or not supported. */
  create(fields: unknown, context: FilterContext): HttpFilter | Promise<HttpFilter>;
  /** Parses a per-route configuration of message `type`; undefined where the filter has none of that type. */
  perRoute?(type: string, fields: unknown, path: string): unknown;
}
