import { Cron } from 'croner';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { UsageError } from '../../services/platform/tools/command-line.ts';
import { addMethod } from './add-method.ts';
import type { Changes } from './changes.ts';
import type { Route } from './http-path.ts';
import { Mistake } from './mistake.ts';
import { checkMethodName, kebabOf } from './names.ts';
import type { Product } from './product.ts';
import type { MethodProto } from './templates/method-proto.ts';
import { pushedMessage, queuePolicy, schedulePolicy, subscriptionPolicy } from './templates/trigger-proto.ts';

/** What the command line says. */
interface TriggerCommand {
  readonly service: string;
  readonly name: string;
  /** "schedule", "queue" or "subscription". */
  readonly kind: string;
  /** A schedule's cron, or a subscription's topics. */
  readonly rest: readonly string[];
  readonly grpcService: string | undefined;
}

interface Kind {
  /** Below /v1 at the jobs gateway. */
  readonly folder: string;
  readonly reachedBy: string;
  readonly proto: (messages: ReadonlySet<string>) => Omit<MethodProto, 'name' | 'route' | 'access' | 'responseComment'>;
}

/** `new trigger`: a method that Cloud Scheduler, Cloud Tasks or Pub/Sub calls through the jobs gateway. @throws {Mistake} */
export async function newTrigger(product: Product, { service, name, kind, rest, grpcService }: TriggerCommand): Promise<Changes> {
  checkMethodName(name);
  const { folder, reachedBy, proto } = kindOf(kind, rest);
  const { listTriggers } = await import('../../services/platform/contracts/triggers.ts');
  const triggers = listTriggers(product.methods);
  const wanted = kind === 'subscription' ? rest.map((topic) => `${service}-${topic}`) : [kebabOf(name)];
  if (kind === 'subscription') checkTopics(rest, product.topics);
  for (const id of wanted) {
    const owner = triggers.find((trigger) => trigger.kind === kind && trigger.resourceId === id);
    if (owner !== undefined) throw new Mistake(`the ${kind} "${id}" is that of ${owner.method.grpcPath.slice(1)}`);
  }
  const route: Route = { verb: 'POST', path: `/v1/${folder}/${kebabOf(name)}`, variables: [] };
  return addMethod(product, {
    ...{ service, name, grpcService, route },
    caller: `{ kind: 'trigger', email: 'trigger@kumiko.example' }`,
    reachedBy: `${reachedBy} through the jobs gateway, \`${route.path}\``,
    proto: (messages) => ({ ...proto(messages), access: 'ACCESS_TRIGGER', responseComment: 'Done.' }),
  });
}

/** @throws {UsageError} */
function kindOf(kind: string, rest: readonly string[]): Kind {
  switch (kind) {
    case 'schedule': {
      const [cron = ''] = rest;
      checkCron(cron, rest);
      return {
        folder: 'schedules',
        reachedBy: `at \`${cron}\` by Cloud Scheduler`,
        proto: () => ({
          comment: 'To be written: what it does. A run may come twice, or late.',
          deadlineSeconds: 60,
          requestComment: 'A tick.',
          policy: schedulePolicy(cron),
        }),
      };
    }
    case 'queue':
      if (rest.length > 0) throw new UsageError(`a queue takes nothing more: "${rest.join(' ')}"`);
      return {
        folder: 'tasks',
        reachedBy: 'for each task of its Cloud Tasks queue',
        proto: () => ({
          comment: 'To be written: what it does. A task may come twice.',
          deadlineSeconds: 30,
          requestComment: 'To be written: which task.',
          policy: queuePolicy,
        }),
      };
    case 'subscription':
      return {
        folder: 'events',
        reachedBy: `for each event of ${rest.join(', ')} by Pub/Sub`,
        proto: (messages) => ({
          comment: 'Takes in a push. To be written: what it does. An event may come twice: the inbox tells.',
          deadlineSeconds: 30,
          requestComment: 'The body of a push, https://cloud.google.com/pubsub/docs/push#receive_push.',
          policy: subscriptionPolicy(rest),
          ...pushedMessage(messages),
        }),
      };
    default:
      throw new UsageError(`"${kind}" is no kind of trigger: there are schedule, queue and subscription`);
  }
}

/** Unix cron with five fields, as Cloud Scheduler takes it. */
function checkCron(cron: string, rest: readonly string[]): void {
  const advice = 'write the five fields of Unix cron between quotes: "*/5 * * * *"';
  if (rest.length !== 1) throw new UsageError(rest.length === 0 ? `a schedule has a time: ${advice}` : `"${rest.join(' ')}": ${advice}`);
  try {
    if (!/^[\d*/,A-Za-z-]+( [\d*/,A-Za-z-]+){4}$/.test(cron)) throw new Error('not five fields');
    new Cron(cron, { paused: true });
  } catch (error) {
    throw new UsageError(`"${cron}" is no schedule (${errorText(error)}): ${advice}`);
  }
}

/** @throws {Mistake} */
function checkTopics(topics: readonly string[], known: readonly string[]): void {
  const there = `there are ${known.join(', ') || 'none'}`;
  if (topics.length === 0) throw new UsageError(`a subscription has topics: ${there}`);
  const twice = topics.find((topic, index) => topics.indexOf(topic) !== index);
  if (twice !== undefined) throw new UsageError(`the topic "${twice}" is named twice`);
  const unknown = topics.find((topic) => !known.includes(topic));
  if (unknown !== undefined) throw new Mistake(`nobody publishes to "${unknown}": ${there}`);
}
