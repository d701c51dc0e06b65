import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import { expect, it, vi } from 'vitest';
import { invalidArgument } from './api-error.ts';
import { loadServices, serveGrpc, unary } from './grpc-server.ts';

const publisher = loadServices('@google-cloud/pubsub')('google.pubsub.v1.Publisher');

async function callGetTopic(handler: () => object): Promise<{ code: status; details: string }> {
  const server = await serveGrpc(0, [[publisher, { GetTopic: unary(handler) }]]);
  const client = new (makeGenericClientConstructor(publisher, 'Publisher'))(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const outcome = await new Promise<{ code: status; details: string }>((resolve) => {
    client['GetTopic']?.({}, (error: { code: status; details: string } | null) => resolve(error ?? { code: status.OK, details: '' }));
  });
  client.close();
  server.close();
  return outcome;
}

it('answers with an API error as it is', async () => {
  const outcome = await callGetTopic(() => {
    throw invalidArgument('topic is required');
  });
  expect(outcome).toMatchObject({ code: status.INVALID_ARGUMENT, details: 'topic is required' });
});

it('keeps the text of an unexpected error to itself', async () => {
  const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const outcome = await callGetTopic(() => {
    throw new Error('the disk is full');
  });
  expect(outcome).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
  expect(printed.mock.calls.join()).toContain('the disk is full');
  printed.mockRestore();
});

it('names a taken port as Node does', async () => {
  const server = await serveGrpc(0, []);
  await expect(serveGrpc(server.port, [])).rejects.toMatchObject({ code: 'EADDRINUSE', port: server.port });
  server.close();
});
