import type { MethodProto } from './method-proto.ts';

/** The trigger option of a schedule. */
export function schedulePolicy(cron: string): string[] {
  return ['trigger: {', '  schedule: {', `    cron: "${cron}"`, '    time_zone: "UTC"', '  }', '}'];
}

/** The trigger option of a queue. */
export const queuePolicy: readonly string[] = [
  'trigger: {',
  '  queue: {',
  '    max_dispatches_per_second: 100',
  '    max_concurrent_dispatches: 20',
  '    max_attempts: 10',
  '    min_backoff: {',
  '      seconds: 0',
  '      nanos: 500000000',
  '    }',
  '    max_backoff: {seconds: 300}',
  '  }',
  '}',
];

/** The trigger option of a subscription, and the size of the requests that come of it. */
export function subscriptionPolicy(topics: readonly string[]): string[] {
  const list =
    topics.length === 1
      ? [`    topic: "${topics[0]}"`]
      : ['    topic: [', ...topics.map((topic, index) => `      "${topic}"${index === topics.length - 1 ? '' : ','}`), '    ]'];
  return [
    'trigger: {',
    '  subscription: {',
    ...list,
    '    max_delivery_attempts: 20',
    '    min_backoff: {',
    '      seconds: 0',
    '      nanos: 100000000',
    '    }',
    '    max_backoff: {seconds: 60}',
    '  }',
    '}',
    'max_request_bytes: 11534336 // A message of Pub/Sub, 10 MiB, with its attributes.',
  ];
}

/** The fields of a push, and its message where the package has none. */
export function pushedMessage(known: ReadonlySet<string>): Pick<MethodProto, 'fields' | 'imports' | 'messages'> {
  const fields = `
  // The message.
  PushedMessage message = 1 [(buf.validate.field).required = true];
  // The subscription's full name.
  string subscription = 2;
  // Which delivery this is, from 1 on; 0 where the subscription has no dead letter topic.
  int32 delivery_attempt = 3;`;
  const imports = ['buf/validate/validate.proto'];
  if (known.has('PushedMessage')) return { fields, imports };
  const messages = `// What Pub/Sub pushes, as its documentation describes the body of a wrapped push.
message PushedMessage {
  // An event in the binary format.
  bytes data = 1 [(buf.validate.field).bytes.max_len = 10485760];
  // The publisher's attributes: trace context and preview routing.
  map<string, string> attributes = 2;
  // Pub/Sub's id.
  string message_id = 3;
  // When Pub/Sub took it in.
  google.protobuf.Timestamp publish_time = 4;
  // The event's aggregate.
  string ordering_key = 5;
}`;
  return { fields, messages, imports: [...imports, 'google/protobuf/timestamp.proto'] };
}
