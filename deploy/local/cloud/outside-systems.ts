import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../shared/local-server.ts';
import { outsideWorldFile } from './outside-world-file.ts';
import type { DeliveryMishaps } from './push/delivery-faults.ts';

/** What a system of the outside world is started with. */
interface OutsideOptions {
  readonly port: number;
  readonly stateDir: string;
  /** Business time. */
  readonly clock: Clock;
  /** A secret that it shares with a service, by the name that the service's manifest knows it by. */
  secret(name: string): string;
  /** What goes wrong with what it sends, in drills. */
  readonly mishaps: DeliveryMishaps;
}

/** A system of the outside world as it runs. */
interface OutsideSystem {
  /** The gateways are up: it may call the edge, whose URL this is. */
  release?(edgeUrl: string): void;
}

/** The outside world of a product: what its services call, and what calls them, by name. */
export type OutsideWorld = Readonly<Record<string, (options: OutsideOptions) => Promise<OutsideSystem>>>;

/** The product's outside world; nothing where it has none. */
export const outsideWorld: OutsideWorld = existsSync(outsideWorldFile)
  ? ((await import(pathToFileURL(outsideWorldFile).href)) as { outsideWorld: OutsideWorld }).outsideWorld
  : {};

/** The names of its systems. */
export const outsideSystems: readonly string[] = Object.keys(outsideWorld);
