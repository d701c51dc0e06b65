import type { SecondsAndNanos } from '../google-api/protobuf-time.ts';

/** google.pubsub.v1.Topic, as far as the local server knows it. */
export interface Topic {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** google.pubsub.v1.PushConfig. An empty endpoint means pull. */
export interface PushConfig {
  readonly pushEndpoint: string;
  readonly oidcToken: { readonly serviceAccountEmail: string; readonly audience: string } | null;
}

/** google.pubsub.v1.Subscription, as far as the local server knows it. */
export interface Subscription {
  readonly name: string;
  readonly topic: string;
  readonly pushConfig: PushConfig | null;
  readonly ackDeadlineSeconds: number;
  readonly messageRetentionDuration: SecondsAndNanos | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly enableMessageOrdering: boolean;
  readonly filter: string;
  readonly deadLetterPolicy: { readonly deadLetterTopic: string; readonly maxDeliveryAttempts: number } | null;
  readonly retryPolicy: { readonly minimumBackoff: SecondsAndNanos | null; readonly maximumBackoff: SecondsAndNanos | null } | null;
}

/** google.pubsub.v1.PubsubMessage as a publisher sends it. */
export interface NewMessage {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** A message that has been taken in. */
export interface Message extends NewMessage {
  readonly messageId: number;
  /** Milliseconds since the epoch. */
  readonly publishMs: number;
}

/** The topic's name after its deletion, as subscriptions show it. */
export const deletedTopic = '_deleted-topic_';
