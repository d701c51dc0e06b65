import { once } from 'node:events';
import { type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { type DeltaRequest, type DeltaResponse, discoveryService, type StateRequest, type StateResponse } from '../discovery-protocol.ts';
import { clusterType, type PreviewResource, previewResource } from '../preview-resource.ts';

const { Client } = discoveryService();

/** A client of Envoy's protocol, which says who it is in "x-who". */
export type DiscoveryClient = InstanceType<typeof Client>;

export function connectDiscovery(port: number): DiscoveryClient {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure());
}

/** A stream of the variant that tells what has changed. */
export const delta = (client: DiscoveryClient, who?: string) =>
  stream<DeltaRequest, DeltaResponse>(client, 'DeltaAggregatedResources', who);

/** A stream of the variant that tells the whole state. */
export const whole = (client: DiscoveryClient, who?: string) =>
  stream<StateRequest, StateResponse>(client, 'StreamAggregatedResources', who);

/** A client's end of a stream: what came is taken out one by one. */
function stream<Q, A>(client: DiscoveryClient, method: 'DeltaAggregatedResources' | 'StreamAggregatedResources', who = 'edge-gateway') {
  const metadata = new Metadata();
  if (who !== '') metadata.set('x-who', who);
  const open = client[method] as unknown as (metadata: Metadata) => ClientDuplexStream<Q, A>;
  const duplex = open.call(client, metadata);
  const came: A[] = [];
  duplex.on('data', (response: A) => came.push(response));
  duplex.on('error', () => {});
  return {
    ask: (request: Q) => duplex.write(request),
    next: async (): Promise<A> => {
      if (came.length === 0) await once(duplex, 'data');
      return came.shift()!;
    },
    came,
    duplex,
  };
}

/** The first question for clusters. */
export const first: DeltaRequest = { type_url: clusterType, node: { id: 'edge-gateway', user_agent_name: 'envoy' } };

export const ack = ({ nonce }: { nonce: string }): DeltaRequest => ({ type_url: clusterType, response_nonce: nonce });

export const names = ({ resources = [] }: Partial<DeltaResponse>) => resources.map(({ name }) => name);

/** A preview of the partner service. */
export const resource = (tag: string, host = '127.0.0.1'): PreviewResource =>
  previewResource({ service: 'partner', tag, url: `http://${host}:8080`, revision: `partner-${tag}` }, {});
