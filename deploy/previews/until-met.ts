import { setTimeout as delay } from 'node:timers/promises';
import { credentials, Client as GrpcClient, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { revisionHeader } from '../../services/platform/contracts/preview.ts';

/** What is to be met, and how it is asked for. Times in milliseconds. */
interface Meeting {
  /** The gateway's origin. */
  readonly url: string;
  /** A method of the service that takes one message. */
  readonly grpcPath: string;
  /** What asks for the preview: a token, and at the jobs gateway the choice. Asked for before each request, for it may not be there yet. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** The revision's name, as it knows itself (K_REVISION). */
  readonly revision: string;
  /** After it no further request is sent. */
  readonly limitMs: number;
  /** Between the first two requests. Each pause after it is a tenth longer, up to half a second: what is not there soon may be asked for less often. */
  readonly pauseMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** No request has met a revision in time; the message says what was seen last. */
export class NotMet extends Error {
  override readonly name = 'NotMet';
}

/** A request may wait for an instance that starts. The last one has its time too: an answer that is cut off says nothing. */
const requestMs = 10_000;
const longestPauseMs = 500;

/** The start of a field without its value, which is no message of any type: a service says so when it knows who asks, and does nothing. */
const unreadable = Buffer.from([0x08]);

/**
 * Resolves when a request through a gateway has met a revision: its answer, whatever it is, names the revision. That a cluster is listed, or was accepted, says
 * less: nothing may be behind it. What a gateway answers by itself names none.
 *
 * @throws {NotMet} where none has in time.
 */
export async function untilMet({ url, grpcPath, headers, revision, limitMs, pauseMs, signal }: Meeting): Promise<void> {
  const end = Date.now() + limitMs;
  for (let pause = pauseMs; ; pause = Math.max(pauseMs, Math.min(pause * 1.1, longestPauseMs))) {
    const answer = await ask({ url, grpcPath, headers, signal }, Date.now() + Math.min(limitMs, requestMs));
    signal?.throwIfAborted();
    if (answer.revision === revision) return;
    if (Date.now() + pause >= end)
      throw new NotMet(`no request to ${url}${grpcPath} has met the revision ${revision} within ${limitMs / 1_000} s: ${told(answer)}`);
    await delay(pause, undefined, { signal });
  }
}

/** How a request has ended. */
interface Answer {
  /** Which revision has answered; undefined where none says so. */
  readonly revision?: string;
  readonly words: string;
}

function told({ revision, words }: Answer): string {
  return revision === undefined
    ? `the last one was answered by no revision (${words})`
    : `the last one was answered by ${revision} (${words})`;
}

/** Over a connection of its own, so that none is met again because it was met before. */
async function ask(
  { url, grpcPath, headers, signal }: Pick<Meeting, 'url' | 'grpcPath' | 'headers' | 'signal'>,
  deadline: number,
): Promise<Answer> {
  let wanted: Readonly<Record<string, string>>;
  try {
    wanted = await headers();
  } catch (error) {
    return { words: `there is no token: ${errorText(error)}` };
  }
  const metadata = new Metadata();
  try {
    for (const [name, value] of Object.entries(wanted)) metadata.set(name, value);
  } catch {
    // What grpc-js says quotes the value, which is a token.
    return { words: 'the token has characters that no header may have' };
  }
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  const client = new GrpcClient(
    `${hostname}:${port || (secure ? 443 : 80)}`,
    secure ? credentials.createSsl() : credentials.createInsecure(),
    {
      'grpc.use_local_subchannel_pool': 1,
    },
  );
  let cancel = () => {};
  try {
    return await new Promise<Answer>((resolve) => {
      const begun = Promise.withResolvers<Metadata>();
      const bytes = (message: Buffer) => message;
      const call = client.makeUnaryRequest(grpcPath, bytes, bytes, unreadable, metadata, { deadline }, (error: ServiceError | null) => {
        const words = error === null ? 'OK' : `${status[error.code]}: ${error.details}`;
        if (error !== null) begun.resolve(error.metadata);
        void begun.promise.then((answered) => resolve({ ...revisionIn(answered), words }));
      });
      call.on('metadata', begun.resolve);
      cancel = () => call.cancel();
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel);
    });
  } finally {
    signal?.removeEventListener('abort', cancel);
    client.close();
  }
}

function revisionIn(metadata: Metadata): { revision?: string } {
  const [revision] = metadata.get(revisionHeader);
  return revision === undefined ? {} : { revision: revision.toString() };
}
