import { type Client, connectivityState } from '@grpc/grpc-js';

/** Every channel of this process to another service that was opened and not closed. */
const open = new Set<Client>();

/** Counts a client's channel among those of this process until it is closed. Returns what closes it. */
export function opened(client: Client): () => void {
  open.add(client);
  return () => {
    open.delete(client);
    client.close();
  };
}

/** How many channels are in each state that one is in, such as "READY" or "TRANSIENT_FAILURE". Looking at a channel does not connect it. */
export function channelStates(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const client of open) {
    const state = connectivityState[client.getChannel().getConnectivityState(false)];
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}
