import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { limited, unary } from '../google-api/grpc-server.ts';
import { type PageRequest, pageOf } from '../google-api/page.ts';
import type { Broker } from './broker.ts';
import type { NewMessage, Topic } from './resources.ts';

/** Of a publish request, attributes and all: https://cloud.google.com/pubsub/quotas#resource_limits */
const maxPublishBytes = 10_000_000;

/** The methods of google.pubsub.v1.Publisher that the local server has; the others answer UNIMPLEMENTED. */
export function publisherService(broker: Broker): UntypedServiceImplementation {
  return {
    CreateTopic: unary((topic: Topic) => broker.createTopic(topic)),
    GetTopic: unary(({ topic }: { topic: string }) => broker.topic(topic)),
    ListTopics: unary(({ project, ...request }: PageRequest & { project: string }) => {
      const own = broker.topics().filter(({ name }) => name.startsWith(`${project}/`));
      const { items, nextPageToken } = pageOf(own, ({ name }) => name, request);
      return { topics: items, nextPageToken };
    }),
    ListTopicSubscriptions: unary(({ topic, ...request }: PageRequest & { topic: string }) => {
      const names = broker.subscribersOf(broker.topic(topic).name).map(({ spec }) => spec.name);
      const { items, nextPageToken } = pageOf(names, (name) => name, request);
      return { subscriptions: items, nextPageToken };
    }),
    DeleteTopic: unary(({ topic }: { topic: string }) => {
      broker.deleteTopic(topic);
      return {};
    }),
    Publish: unary(
      limited(maxPublishBytes, ({ topic, messages }: { topic: string; messages: readonly NewMessage[] }) => {
        const taken = messages.map(({ data, attributes, orderingKey }) => ({ data, attributes, orderingKey }));
        return { messageIds: broker.publish(topic, taken).map(String) };
      }),
    ),
  };
}
