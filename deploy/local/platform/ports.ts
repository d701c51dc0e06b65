import { createServer } from 'node:net';

/** Everything that listens, in the order of its port behind the base. The order is part of what people type, so new names go to the end. */
export const portNames = [
  'edge',
  'jobs',
  'edge_admin',
  'jobs_admin',
  'issuer',
  'spanner',
  'pubsub',
  'tasks',
  'scheduler',
  'payment_provider',
  'carrier',
  'inventory',
  'customer',
  'partner',
  'webhook',
  'job',
  'customer_container',
  'partner_container',
  'webhook_container',
  'job_container',
  'metadata_edge_gateway',
  'metadata_jobs_gateway',
  'metadata_customer',
  'metadata_partner',
  'metadata_webhook',
  'metadata_job',
  'clock',
  'traces',
  'traces_grpc',
] as const;

/** Something that listens. `customer` is the IAM check in front of `customer_container`. */
export type PortName = (typeof portNames)[number];

/** Where everything listens, on 127.0.0.1. */
export type Ports = Readonly<Record<PortName, number>>;

/** The base unless `--port-base` says otherwise. */
export const defaultPortBase = 7400;

/** A port that the platform needs is in use. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';

  constructor(name: string, port: number, base: number, count: number) {
    super(
      `port ${port} (${name}) is taken. Is the platform running already? To use others: npm start -- --port-base N ` +
        `(${count} ports from N on, now ${base}; 0 picks free ones)`,
    );
  }
}

/**
 * The ports from `base` on, each seen to be free; with base 0 a free block below the range that clients' own sockets come from. `more` names
 * what listens behind the others.
 *
 * @throws {PortTakenError}
 */
export async function choosePorts<More extends string = never>(
  base: number,
  more: readonly More[] = [],
): Promise<Ports & Readonly<Record<More, number>>> {
  const names = [...portNames, ...more];
  if (base !== 0) return claim(base, names);
  for (;;) {
    const candidate = 10_000 + Math.floor(Math.random() * 20_000);
    try {
      return await claim(candidate, names);
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error;
    }
  }
}

async function claim<Name extends string>(base: number, names: readonly Name[]): Promise<Readonly<Record<Name, number>>> {
  const ports = Object.fromEntries(names.map((name, index) => [name, base + index])) as Record<Name, number>;
  const taken = await Promise.all(names.map(async (name) => ((await isFree(ports[name])) ? [] : [name])));
  const [first] = taken.flat();
  if (first !== undefined) throw new PortTakenError(first, ports[first], base, names.length);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
