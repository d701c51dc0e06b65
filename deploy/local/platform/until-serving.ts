import { connect, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../../services/platform/contracts/error-text.ts';

// Milliseconds. One answer may take as long as a busy machine does: who asks anew each second is never answered there.
const timeoutMs = 60_000;
const answerMs = 10_000;
const intervalMs = 50;

/**
 * `HealthCheckRequest {}`, about the whole server, as a message of gRPC; and `HealthCheckResponse { status: SERVING }`. By hand: clients take longer to load than a
 * service does.
 */
const request = Buffer.alloc(5);
const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

/**
 * Resolves when the gRPC server at a port of 127.0.0.1 says by grpc.health.v1 that it serves.
 *
 * @throws {Error} where it does not within `limitMs`, with what it said last.
 */
export async function untilServing(port: number, limitMs = timeoutMs): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await check(port).catch(errorText);
    if (answer === 'SERVING') return;
    if (Date.now() > deadline) throw new Error(`it does not serve within ${limitMs / 1000} s: ${answer}`);
    await delay(intervalMs);
  }
}

/** `SERVING`, or in words what it says instead. @throws {Error} where it says nothing. */
function check(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const body: Buffer[] = [];
    let said = 'it has ended the call without a status';
    session.once('error', reject);
    session.once('close', () => reject(new Error(said)));
    session.setTimeout(answerMs, () => session.destroy(new Error(`it has not answered in ${answerMs / 1000} s`)));
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const status = (headers: NodeJS.Dict<string | string[]>) => {
      if (headers['grpc-status'] !== undefined) said = `status ${headers['grpc-status']} ${headers['grpc-message'] ?? ''}`;
    };
    call.once('response', status);
    call.once('trailers', status);
    call.on('data', (chunk: Buffer) => body.push(chunk));
    call.once('error', (error) => session.destroy(error));
    call.once('close', () => {
      const answer = Buffer.concat(body);
      resolve(answer.equals(serving) ? 'SERVING' : answer.length > 0 ? 'NOT_SERVING' : said);
      session.destroy();
    });
    call.end(request);
  });
}
