import { type Metadata, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { heldByName } from './arrival-guard.ts';
import { type ClientState, ClientStream, type OnRefused, type OnWithheld, type StreamSurroundings } from './client-stream.ts';
import type { DeltaRequest, DeltaResponse, DiscoveryHandlers, StateRequest, StateResponse } from './discovery-protocol.ts';
import { clusterType, type PreviewResource } from './preview-resource.ts';
import type { PreviewStore } from './preview-store.ts';

/** What the server needs. */
export interface DiscoveryServerOptions {
  readonly store: PreviewStore;
  /** Which workload of ours calls; undefined: nobody that may. */
  readonly identify: (metadata: Metadata) => string | undefined;
  readonly onRefused: OnRefused;
  readonly onWithheld: OnWithheld;
  readonly now?: () => number;
}

/** The name that stands for every one there is. */
const all = '*';

/**
 * The aggregated discovery service (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol) of one type, clusters, in both variants. Of other types
 * it has nothing, and says so.
 */
export class DiscoveryServer {
  readonly #around: StreamSurroundings;
  readonly #identify: DiscoveryServerOptions['identify'];
  readonly #streams = new Set<ClientStream>();

  constructor({ store, identify, onRefused, onWithheld, now = Date.now }: DiscoveryServerOptions) {
    this.#around = { store, onRefused, onWithheld, now };
    this.#identify = identify;
  }

  readonly handlers: DiscoveryHandlers = {
    DeltaAggregatedResources: (stream) => this.#delta(stream),
    StreamAggregatedResources: (stream) => this.#state(stream),
  };

  /** How it stands with each client that is connected. */
  get clients(): ClientState[] {
    return [...this.#streams].map(({ state }) => state);
  }

  #delta(stream: ServerDuplexStream<DeltaRequest, DeltaResponse>): void {
    const client = this.#open(stream, { whole: false }, ({ resources, removed }, nonce, version) => {
      stream.write({
        system_version_info: version,
        type_url: clusterType,
        nonce,
        resources: resources.map((resource) => ({ name: resource.name, version: resource.version, resource: packed(resource) })),
        removed_resources: removed,
      });
    });
    if (client === undefined) return;
    stream.on('data', (request: DeltaRequest) => {
      client.introduce(request.node);
      if (request.type_url !== clusterType) {
        // A first question; what answers it is answered by the client, and that is no question.
        if (request.response_nonce === undefined) stream.write(nothing(request.type_url ?? ''));
        return;
      }
      client.take({ nonce: request.response_nonce, refusal: refusalIn(request) });
      const { isNew, of: subscription } = client.subscription(request.initial_resource_versions);
      if (isNew) client.arrive(heldByName(Object.keys(request.initial_resource_versions ?? {}), this.#around.store));
      const { resource_names_subscribe: names = [], resource_names_unsubscribe: gone = [] } = request;
      // Without names a first request asks for all, as one for "*" does.
      if (names.includes(all) || (isNew && names.length === 0)) subscription.subscribeAll(this.#around.store.served);
      const named = names.filter((name) => name !== all);
      if (named.length > 0) subscription.subscribe(named, isNew ? request.initial_resource_versions : {});
      if (gone.includes(all)) subscription.unsubscribeAll();
      subscription.unsubscribe(gone.filter((name) => name !== all));
      client.push();
    });
  }

  #state(stream: ServerDuplexStream<StateRequest, StateResponse>): void {
    const { store } = this.#around;
    let asked: readonly string[] = [];
    const wantsAll = () => asked.length === 0 || asked.includes(all);
    const wanted = () => (wantsAll() ? [...store.served.values()] : asked.flatMap((name) => store.served.get(name) ?? []));
    const client = this.#open(stream, { whole: true }, (_, nonce, version) => {
      const resources = wanted().map(packed);
      stream.write({ version_info: countedVersion(resources.length, version), type_url: clusterType, nonce, resources });
    });
    if (client === undefined) return;
    stream.on('data', (request: StateRequest) => {
      client.introduce(request.node);
      if (request.type_url !== clusterType) {
        if (request.response_nonce === undefined)
          stream.write({ version_info: '', type_url: request.type_url ?? '', nonce: '0', resources: [] });
        return;
      }
      client.take({ nonce: request.response_nonce, refusal: refusalIn(request) });
      const { resource_names: names = [] } = request;
      const { isNew, of: subscription } = client.subscription();
      const gone = asked.filter((name) => !names.includes(name));
      const added = names.filter((name) => !asked.includes(name) && name !== all);
      const changed = isNew || gone.length + added.length > 0 || names.length !== asked.length;
      asked = names;
      if (isNew) client.arrive({ count: countIn(request.version_info), left: () => wanted().length });
      if (changed && !wantsAll()) subscription.unsubscribeAll();
      subscription.unsubscribe(gone);
      if (added.length > 0) subscription.subscribe(added);
      if (changed && wantsAll()) subscription.subscribeAll(store.served);
      client.push();
    });
  }

  /** Lets a client of ours in; another is told UNAUTHENTICATED. */
  #open<Q, A>(
    stream: ServerDuplexStream<Q, A>,
    variant: { readonly whole: boolean },
    send: ConstructorParameters<typeof ClientStream>[2],
  ): ClientStream | undefined {
    const workload = this.#identify(stream.metadata);
    if (workload === undefined) {
      stream.emit('error', { code: status.UNAUTHENTICATED, details: 'the request did not come through the platform' });
      return undefined;
    }
    const client = new ClientStream(this.#around, workload, send, variant);
    this.#streams.add(client);
    const close = () => {
      client.close();
      this.#streams.delete(client);
    };
    stream.on('cancelled', close);
    stream.on('error', close);
    stream.on('end', () => {
      close();
      stream.end();
    });
    return client;
  }
}

/**
 * A client of this variant does not say by name what it has from before. It says which version it has accepted last, so how many resources that had stands in it.
 */
function countedVersion(count: number, version: string): string {
  return `${count}.${version}`;
}

function countIn(version: string | undefined): number {
  return Number(/^(\d{1,9})\./.exec(version ?? '')?.[1] ?? 0);
}

function packed({ body }: PreviewResource): { type_url: string; value: Buffer } {
  return { type_url: clusterType, value: body };
}

function nothing(type: string): DeltaResponse {
  return { system_version_info: '', type_url: type, nonce: '0', resources: [], removed_resources: [] };
}

function refusalIn({ error_detail: detail }: Pick<DeltaRequest, 'error_detail'>): string | undefined {
  return detail === undefined || detail === null ? undefined : (detail.message ?? '');
}
