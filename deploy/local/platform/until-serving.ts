import { setTimeout as delay } from 'node:timers/promises';
import { credentials, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

// Milliseconds. One answer may take as long as a busy machine does: who asks anew each second is never answered there.
const timeoutMs = 60_000;
const answerMs = 10_000;
const intervalMs = 50;

/** Resolves when the gRPC server at a port of 127.0.0.1 says by grpc.health.v1 that it serves. @throws {Error} where it does not in time. */
export async function untilServing(port: number): Promise<void> {
  const client = new (makeGenericClientConstructor(service as ServiceDefinition, 'Health'))(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
  );
  const check = () =>
    new Promise<string>((resolve) => {
      client['Check']?.({ service: '' }, { deadline: Date.now() + answerMs }, (error: Error | null, answer: { status: string }) =>
        resolve(error === null ? answer.status : error.message),
      );
    });
  try {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const answer = await check();
      if (answer === 'SERVING') return;
      if (Date.now() > deadline) throw new Error(`it does not serve within ${timeoutMs / 1000} s: ${answer}`);
      await delay(intervalMs);
    }
  } finally {
    client.close();
  }
}
