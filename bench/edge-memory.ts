import { once } from 'node:events';
import { connect } from 'node:http2';
import { machine } from './load/compare.ts';
import { type LoadProcess, startLoadProcess } from './load/load.ts';
import { peakResidentBytes, residentBytes } from './load/memory.ts';
import { type EdgeFixture, everythingOn, startEdgeFixture } from './servers/edge-fixture.ts';
import { checkRead, readOf, writeOf } from './servers/edge-requests.ts';

export const question =
  'Does the memory of the edge gateway stay flat over 200,000 requests (target: at most 100 MB), and under four bodies of 200 MB at once (200 MB)?';

const callers = 50;
const connections = 32;
const warmUpMs = 2_000;
const readings = [50_000, 200_000];
const bodies = 4;
const bodyBytes = 200e6;
const megabyte = 1e6;

/** Requests first, then another gateway with the bodies: the largest memory that it has ever had is what counts there. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startEdgeFixture();
  const load = startLoadProcess();
  try {
    report(machine());
    await sendRequests(fixture, load, report);
    await sendBodies(fixture, report);
  } finally {
    load.stop();
    await fixture.close();
  }
}

async function sendRequests(fixture: EdgeFixture, load: LoadProcess, report: (line: string) => void): Promise<void> {
  const gateway = await fixture.startGateway(everythingOn);
  const requests = (await fixture.customerTokens(callers)).flatMap((token) => [readOf(token), writeOf(token)]);
  const what = (count: number) =>
    ({
      kind: 'rest',
      port: gateway.port,
      connections,
      requests: Array.from({ length: count }, (_, index) => requests[index % requests.length]!),
    }) as const;
  const describe = () => `${(residentBytes(gateway.pid) / megabyte).toFixed(1)} MB`;
  await checkRead(gateway.port, requests[0]!);
  report(`memory once ready (RSS): ${describe()}`);
  await load.run(what(requests.length), warmUpMs);
  report(`warm: ${describe()}`);
  let sent = 0;
  for (const reading of readings) {
    await load.runOnce(what(reading - sent));
    sent = reading;
    report(`after ${reading} requests: ${describe()} (target: at most 100 MB)`);
  }
  await gateway.stop();
}

async function sendBodies(fixture: EdgeFixture, report: (line: string) => void): Promise<void> {
  const gateway = await fixture.startGateway(everythingOn);
  const [token] = await fixture.customerTokens(1);
  const before = residentBytes(gateway.pid);
  const answers = await largeBodies(gateway.port, writeOf(token!));
  const statuses = answers.map(({ status }) => status);
  if (statuses.some((status) => status !== 413)) throw new Error(`the bodies were answered with ${statuses.join(', ')}`);
  const sent = answers.reduce((sum, answer) => sum + answer.sentBytes, 0);
  report(
    `${bodies} bodies of ${bodyBytes / megabyte} MB over one HTTP/2 connection: all answered 413, ${(sent / megabyte).toFixed(0)} MB of them sent; ` +
      `memory ${(before / megabyte).toFixed(1)} MB before, at most ${(peakResidentBytes(gateway.pid) / megabyte).toFixed(1)} MB (target: less than 200 MB)`,
  );
  await gateway.stop();
}

interface Answer {
  readonly status: number;
  /** What the client could get rid of before the gateway would have no more. */
  readonly sentBytes: number;
}

/** A client that goes on sending whatever it is answered, until it is stopped. */
async function largeBodies(port: number, { method, path, headers }: ReturnType<typeof writeOf>): Promise<Answer[]> {
  const session = connect(`http://127.0.0.1:${port}`);
  const chunk = Buffer.alloc(65_536, 'a');
  const send = async (): Promise<Answer> => {
    const stream = session.request({ ':method': method, ':path': path, ...headers, 'content-type': 'application/json' });
    let status = 0;
    let sentBytes = 0;
    stream.on('response', (answer) => {
      status = answer[':status'] ?? 0;
    });
    // A stream that is reset before its request has ended.
    stream.on('error', () => {});
    stream.resume();
    const closed = once(stream, 'close');
    stream.write('{"requestId":"');
    while (sentBytes < bodyBytes && !stream.closed && !stream.destroyed) {
      sentBytes += chunk.length;
      if (!stream.write(chunk)) await Promise.race([once(stream, 'drain').catch(() => {}), closed]);
    }
    stream.end('"}');
    await closed;
    return { status, sentBytes };
  };
  try {
    return await Promise.all(Array.from({ length: bodies }, send));
  } finally {
    session.destroy();
  }
}
