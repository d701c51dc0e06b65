import { type Clock, type LocalServer, type MintIdToken, systemClock } from '../../shared/local-server.ts';
import { loadServices, serveGrpc } from '../google-api/grpc-server.ts';
import type { DeliveryMishaps } from '../push/delivery-faults.ts';
import { createHttpDispatcher, type OnDelivery } from '../push/http-dispatcher.ts';
import { createIdTokenCache } from '../push/id-token-cache.ts';
import { Broker } from './broker.ts';
import { publisherService } from './publisher-service.ts';
import { openPubsubStore } from './pubsub-store.ts';
import { createPushLoop } from './push-loop.ts';
import type { Subscriber } from './subscriber.ts';
import { subscriberService } from './subscriber-service.ts';

/** Options of the local Pub/Sub. */
export interface PubsubOptions {
  /** 0 binds a free port. */
  readonly port: number;
  /** State is kept in `<stateDir>/pubsub.sqlite`. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** How long an answer takes and how old a token is go by this. Default: the machine's clock, which others live by also when `clock` is advanced. */
  readonly machineClock?: Clock;
  /** Makes the tokens of subscriptions with `oidc_token`. */
  readonly mintIdToken: MintIdToken;
  /** Pushes of one subscription at one time. Default 20. */
  readonly pushConcurrency?: number;
  /** Starts without pushing, until `release()`: for a start with stored messages before their endpoints are up. Default false. */
  readonly held?: boolean;
  /** What goes wrong between here and the receivers, in drills. */
  readonly mishaps?: DeliveryMishaps;
  /** Told of each attempt to deliver. */
  readonly onDelivery?: OnDelivery;
}

/** A running local Pub/Sub. */
export interface PubsubServer extends LocalServer {
  /** Topics and subscriptions, without gRPC in between. */
  readonly broker: Broker;
  /** Begins to push, where it was started `held`. */
  release(): void;
}

/**
 * Pub/Sub on this machine: google.pubsub.v1 Publisher and Subscriber for the unmodified clients, with `PUBSUB_EMULATOR_HOST=127.0.0.1:<port>`.
 * A message is acknowledged to its publisher after its row is committed; what is not acknowledged by a subscriber is delivered again after a restart.
 *
 * @throws where the port is taken or the state cannot be opened.
 */
export async function startPubsub(options: PubsubOptions): Promise<PubsubServer> {
  const { clock, machineClock = systemClock, mintIdToken, pushConcurrency = 20 } = options;
  const store = openPubsubStore(options.stateDir);
  const dispatcher = createHttpDispatcher(machineClock, createIdTokenCache(machineClock, mintIdToken), options.mishaps, options.onDelivery);
  const pumps = new WeakMap<Subscriber, () => void>();
  let held = options.held ?? false;

  const startPushing = (subscriber: Subscriber) => {
    if (held) return;
    const pump = pumps.get(subscriber) ?? createPushLoop(subscriber, dispatcher, pushConcurrency);
    pumps.set(subscriber, pump);
    pump();
  };
  const broker = new Broker(clock, store, startPushing);
  const close = () => {
    broker.close();
    dispatcher.close();
    store.close();
  };

  const service = loadServices('@google-cloud/pubsub');
  try {
    const server = await serveGrpc(options.port, [
      [service('google.pubsub.v1.Publisher'), publisherService(broker)],
      [service('google.pubsub.v1.Subscriber'), subscriberService(broker, clock)],
    ]);
    return {
      port: server.port,
      broker,
      release: () => {
        held = false;
        broker.subscribers().forEach(startPushing);
      },
      close: async () => {
        server.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
