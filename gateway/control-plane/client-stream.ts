import { ArrivalGuard, type Holdings } from './arrival-guard.ts';
import { blamed } from './blame.ts';
import type { Node } from './discovery-protocol.ts';
import type { PreviewResource } from './preview-resource.ts';
import type { PreviewStore } from './preview-store.ts';
import { Subscription, type Update } from './subscription.ts';

/** How it stands with one client: shown to operators. */
export interface ClientState {
  /** Who it is, by its token. */
  readonly workload: string;
  /** What it calls itself. */
  readonly node: string;
  /** Such as "envoy 1.40.0". */
  readonly agent: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly connectedAt: number;
  /** The version of all previews that it was sent last. */
  readonly sent?: string;
  readonly accepted?: string;
  readonly acceptedAt?: number;
  /** Since when it has owed an answer. */
  readonly owesSince?: number;
  /** Why it is told nothing, though there is something to tell. */
  readonly withheld?: string;
  /** What it has refused last. */
  readonly refused?: { readonly version: string; readonly words: string; readonly at: number; readonly previews: readonly string[] };
}

/** Called when an Envoy refuses a version of a preview; once for each version. */
export type OnRefused = (resource: PreviewResource, words: string, client: ClientState) => void;

/** Called when a client comes that is told nothing yet, lest it lose most of what it has. */
export type OnWithheld = (why: string, client: Pick<ClientState, 'workload' | 'node'>) => void;

/** What the streams of all clients share. */
export interface StreamSurroundings {
  readonly store: PreviewStore;
  readonly now: () => number;
  readonly onRefused: OnRefused;
  readonly onWithheld: OnWithheld;
}

/** An answer to what was sent, or a question. */
interface Incoming {
  readonly nonce: string | undefined;
  /** An Envoy's words, where it refuses what was sent. */
  readonly refusal: string | undefined;
}

/**
 * One client's stream in either variant of the protocol: what it has, what it is sent next, what becomes of it. `send` puts an update on the wire; `whole` says
 * that updates are not told by name, so that a client which does not say what it refuses is not asked about each.
 */
export class ClientStream {
  readonly #around: StreamSurroundings;
  readonly #send: (update: Update, nonce: string, version: string) => void;
  readonly #whole: boolean;
  readonly #endWatching: () => void;
  #state: ClientState;
  #subscription: Subscription | undefined;
  #guard: ArrivalGuard | undefined;
  #nonce = 0;

  constructor(
    around: StreamSurroundings,
    workload: string,
    send: (update: Update, nonce: string, version: string) => void,
    { whole }: { readonly whole: boolean },
  ) {
    this.#around = around;
    this.#send = send;
    this.#whole = whole;
    this.#state = { workload, node: '', agent: '', connectedAt: around.now() };
    this.#endWatching = around.store.onChange((names) => {
      this.#subscription?.touch(names, around.store.served);
      this.push();
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Reads who the client is, which it says once. */
  introduce(node: Node | undefined): void {
    if (node === undefined) return;
    const { major_number: major = 0, minor_number: minor = 0, patch = 0 } = node.user_agent_build_version?.version ?? {};
    this.#state = { ...this.#state, node: node.id ?? '', agent: `${node.user_agent_name ?? ''} ${major}.${minor}.${patch}` };
  }

  /** The client's subscription, made with what it has from before. */
  subscription(has?: Readonly<Record<string, string>>): { readonly isNew: boolean; readonly of: Subscription } {
    const isNew = this.#subscription === undefined;
    this.#subscription ??= new Subscription(has);
    return { isNew, of: this.#subscription };
  }

  /** The client comes with what it has from before. */
  arrive(holdings: Holdings): void {
    this.#guard ??= new ArrivalGuard(this.#around.store, holdings);
  }

  /** Takes an answer to the update that is under way; one to an earlier update says nothing. */
  take({ nonce, refusal }: Incoming): void {
    const subscription = this.#subscription;
    if (subscription?.underWay === undefined || nonce !== String(this.#nonce)) return;
    const { resources } = subscription.underWay;
    const { store, now } = this.#around;
    const { owesSince: _, ...state } = this.#state;
    if (refusal === undefined) {
      this.#state = { ...state, accepted: state.sent ?? '', acceptedAt: now() };
      subscription.answered();
      for (const resource of resources) store.accept(resource);
      return;
    }
    const named = blamed(resources, refusal);
    const guilty = named.length === 0 && (resources.length <= 1 || this.#whole) ? resources : named;
    const previews = guilty.map(({ name }) => name);
    this.#state = { ...state, refused: { version: state.sent ?? '', words: refusal, at: now(), previews } };
    if (guilty.length === 0) subscription.split();
    else subscription.answered(guilty);
    if (guilty.length > 0) for (const resource of resources) if (!guilty.includes(resource)) store.accept(resource);
    for (const resource of guilty) if (store.refuse(resource, refusal)) this.#around.onRefused(resource, refusal, this.#state);
  }

  /** Sends what there is to say, unless the client still owes an answer. */
  push(): void {
    const { store, now } = this.#around;
    if (!store.isKnown || this.#isWithheld()) return;
    const update = this.#subscription?.next(store.served);
    if (update === undefined) return;
    this.#nonce += 1;
    const version = store.version;
    this.#state = { ...this.#state, sent: version, owesSince: now() };
    this.#send(update, String(this.#nonce), version);
  }

  #isWithheld(): boolean {
    const why = this.#guard?.judge();
    const { withheld, ...state } = this.#state;
    if (why === withheld) return why !== undefined;
    this.#state = { ...state, ...(why !== undefined && { withheld: why }) };
    if (why !== undefined && withheld === undefined) this.#around.onWithheld(why, this.#state);
    return why !== undefined;
  }

  close(): void {
    this.#endWatching();
  }
}
