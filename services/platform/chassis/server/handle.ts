import type { DescMessage, Message, MessageInitShape } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { streamsResponses } from '../../contracts/streams.ts';
import type { Outcome, Run, ServedMethod } from './served-method.ts';
import type { ServerCall } from './server-call.ts';

/** Left of the deadline to send the response after the work that was put off. */
const responseReserveMs = 100;

const streamed: Outcome = { code: status.OK, message: 'OK' };

/** The last step: the handler itself. */
export function handle(method: ServedMethod): Run {
  return streamsResponses(method.desc) ? streaming(method) : answering(method);
}

function answering({ handler, encode }: ServedMethod): Run {
  return async (call) => {
    try {
      const response = (await handler(asked(call), call)) as MessageInitShape<DescMessage>;
      return { code: status.OK, message: 'OK', response: encode(response) };
    } finally {
      if (call.work.length > 0) await finishWork(call);
    }
  };
}

function streaming({ handler, encode }: ServedMethod): Run {
  return async (call) => {
    try {
      for await (const response of handler(asked(call), call) as AsyncIterable<MessageInitShape<DescMessage>>) {
        if (call.ended !== undefined) break;
        await call.incoming.write(encode(response), call.answerHeaders, call.signal);
      }
      return streamed;
    } finally {
      if (call.work.length > 0) await finishWork(call);
    }
  };
}

/** What the validation has let through. */
function asked({ request, requests }: ServerCall): Message | AsyncIterable<Message> {
  return request ?? requests!;
}

/**
 * Cloud Run takes the CPU away once the response is sent, so the work is done before that. It must not cost the caller an answer that is there: it gets what
 * is left of the deadline, then is left to itself, and its failure is only logged. It is done after a failed handler as well: what was put off belongs to a
 * transaction that has been committed.
 */
async function finishWork(call: ServerCall): Promise<void> {
  const leftMs = call.deadlineAt - Date.now() - responseReserveMs;
  if (leftMs <= 0) {
    call.logger.warn('no time is left for the work after the response');
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, leftMs, 'late');
  });
  const done = Promise.all(call.work.map((work) => attempt(work, call)));
  if ((await Promise.race([done, timeUp])) === 'late') call.logger.warn('the work after the response is not done in time');
  clearTimeout(timer);
}

async function attempt(work: () => Promise<void>, call: ServerCall): Promise<void> {
  try {
    await work();
  } catch (err) {
    call.logger.warn({ err }, 'the work after the response failed');
  }
}
