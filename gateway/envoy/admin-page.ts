import * as z from 'zod';

/** A request to Envoy's admin interface (https://www.envoyproxy.io/docs/envoy/latest/operations/admin), which is on loopback only. */
export async function adminPage(port: number, path: string, method: 'GET' | 'POST' = 'GET'): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`Envoy's admin interface answers ${method} ${path} with ${response.status}: ${text.trim()}`);
  return text;
}

/** envoy.admin.v3.Listeners, as far as it is read. */
const listenersReply = z.object({
  listener_statuses: z
    .array(z.object({ name: z.string(), local_address: z.object({ socket_address: z.object({ port_value: z.int() }) }) }))
    .default([]),
});

/** The ports of an Envoy's listeners by name, as bound. */
export async function listenerPorts(adminPort: number): Promise<Readonly<Record<string, number>>> {
  const reply = listenersReply.parse(JSON.parse(await adminPage(adminPort, '/listeners?format=json')));
  return Object.fromEntries(reply.listener_statuses.map(({ name, local_address: at }) => [name, at.socket_address.port_value]));
}
