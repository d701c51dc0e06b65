import { create, type DescMessage, type DescMethod, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import { pushBody } from '../../deploy/local/cloud/pubsub/push-body.ts';
import { containerPort, servicePort } from '../../deploy/local/platform/ports.ts';
import { messageOf, rowOf } from '../../services/platform/cloud/events/outbox-rows.ts';
import { CustomerInternalService } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { type Event, EventSchema } from '../../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { JobService } from '../../services/platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { describeMethod } from '../../services/platform/contracts/methods.ts';
import { triggersOf } from '../../services/platform/contracts/triggers.ts';
import type { GrpcLoad, RestLoad } from '../load/load.ts';
import { checkedIdentityHeader, identityHeader } from './identity-header.ts';
import type { BenchPlatform } from './platform.ts';

/** The same events as they come to each hop of a push. */
export interface HopLoads {
  /** ApplyEvent at the customer service itself. */
  readonly owner: LoadOf;
  /** HandleEvent at the job service itself. */
  readonly jobService: LoadOf;
  /** The same through the IAM check before it. */
  readonly iamCheck: LoadOf;
  /** The push as Pub/Sub sends it. */
  readonly gateway: LoadOf;
}

type LoadOf = (events: readonly Event[]) => GrpcLoad | RestLoad;

/** Calls at one time: the pushes of one subscription that the local Pub/Sub has under way. */
const connections = 2;
const streams = 10;

/** Loads for the hops of this platform, with the tokens that each hop asks for. */
export async function hopLoads({ platform: { ports, endpoints }, token }: BenchPlatform): Promise<HopLoads> {
  const handle = JobService.method.handleEvent;
  const [trigger] = triggersOf(describeMethod(handle));
  if (trigger?.kind !== 'subscription') throw new Error(`${handle.name} has no subscription`);
  const subscription = `projects/${endpoints.project}/subscriptions/${trigger.resourceId}`;
  const [toOwner, toJob, push] = await Promise.all([
    token({ kind: 'service', subject: 'customer', as: 'job' }),
    token({ kind: 'service', subject: 'job', as: 'jobs-gateway' }),
    token({ kind: 'trigger', subject: 'pubsub' }),
  ]);
  const authorization = `Bearer ${push}`;

  function grpc<M extends DescMethod>(
    port: number,
    method: M,
    headers: Readonly<Record<string, string>>,
    messageOfEvent: (event: Event) => MessageInitShape<M['input']>,
  ): LoadOf {
    const input: DescMessage = method.input;
    const path = `/${method.parent.typeName}/${method.name}`;
    const body = (event: Event) => Buffer.from(toBinary(input, create(input, messageOfEvent(event)))).toString('base64');
    return (events) => ({
      kind: 'grpc',
      port,
      path,
      calls: events.map((event) => ({ headers, body: body(event) })),
      connections,
      streams,
    });
  }
  const pushed = (event: Event) => {
    const { data, attributes, orderingKey } = messageOf(EventSchema, rowOf(EventSchema, event, {})).message;
    return { message: { data, attributes, orderingKey, messageId: '1', publishTime: timestampNow() }, subscription, deliveryAttempt: 1 };
  };
  return {
    owner: grpc(containerPort(ports, 'customer'), CustomerInternalService.method.applyEvent, checkedIdentityHeader(toOwner), (event) => ({
      event,
    })),
    jobService: grpc(containerPort(ports, 'job'), handle, { ...checkedIdentityHeader(toJob), authorization }, pushed),
    iamCheck: grpc(servicePort(ports, 'job'), handle, { ...identityHeader(toJob), authorization }, pushed),
    gateway: (events) => ({
      kind: 'rest',
      port: ports.jobs,
      requests: events.map((event) => {
        const { message } = messageOf(EventSchema, rowOf(EventSchema, event, {}));
        const received = { ackId: '', message: { ...message, messageId: 1, publishMs: Date.now() }, deliveryAttempt: 1 };
        return { method: 'POST', path: trigger.path, headers: { authorization }, body: pushBody(subscription, received) };
      }),
      connections: connections * streams,
    }),
  };
}
