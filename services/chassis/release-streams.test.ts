import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { releaseClosedStreams } from './release-streams.ts';

test('a closed stream holds no listener, and every listener has heard of its end', async () => {
  releaseClosedStreams();
  releaseClosedStreams();
  const heard: string[] = [];
  const server = createServer();
  const streams = new Promise<ServerHttp2Stream>((resolve) => {
    server.on('stream', (stream: ServerHttp2Stream) => {
      for (const event of ['end', 'close']) stream.on(event, () => heard.push(event));
      stream.resume();
      stream.respond({ ':status': 200 });
      stream.end('pong');
      resolve(stream);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.request({ ':path': '/' }).resume();
  const stream = await streams;
  await once(stream, 'close');
  // The listener that is looked for is the last of its event.
  await turn();

  expect(heard).toEqual(['end', 'close']);
  expect(stream.eventNames()).toEqual([]);
  client.close();
  server.close();
  await once(server, 'close');
});
