import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { untilForgotten, untilListed } from './until-listed.ts';

// In the place of gateways what answers as their admin interfaces do.
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Lists the clusters that it is asked for, which may change. */
async function admin(clusters: () => readonly string[]): Promise<number> {
  const server = createServer((_request, response) => {
    const lines = clusters().flatMap((name) => [
      `${name}::default_priority::max_connections::1024`,
      `${name}::127.0.0.1:1::health_flags::healthy`,
    ]);
    response.end(`${lines.join('\n')}\n`);
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const target = { service: 'digest', tag: 'pr-1' };
const { signal } = new AbortController();

test.each([
  ['listed', untilListed, ['digest', 'digest@pr-12'], ['digest', 'digest@pr-12', 'digest@pr-1']],
  ['forgotten', untilForgotten, ['digest', 'digest@pr-1'], ['digest', 'digest@pr-12']],
] as const)('a preview is %s when both gateways say so', async (_what, until, before, after) => {
  let asked = 0;
  const first = await admin(() => after);
  const second = await admin(() => (++asked > 2 ? after : before));
  for (const [edge, jobs] of [
    [first, second],
    [second, first],
  ] as const) {
    asked = 0;
    await until({ edge_admin: edge, jobs_admin: jobs }, target, signal);
    expect(asked).toBe(3);
  }
});

test('who stops waiting waits no more', async () => {
  const port = await admin(() => []);
  const stopped = new AbortController();
  const waiting = untilListed({ edge_admin: port, jobs_admin: port }, target, stopped.signal);
  stopped.abort(new Error('the platform is being stopped'));
  await expect(waiting).rejects.toThrow();
});
