import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { create } from '@bufbuild/protobuf';
import { type Client, Metadata } from '@grpc/grpc-js';
import { serviceDefinition } from '../../services/platform/contracts/definitions.ts';
import {
  CustomerService,
  WatchGroupRequestSchema as WatchGroupRequest,
  type WatchGroupResponse,
} from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';

/** A stream of WatchGroup whose messages are counted by their resume tokens: 1, 2, 3… */
export interface WatchedStream {
  /** Messages so far. */
  received: number;
  /** Why it is no good any more: it ended, failed, or left a message out. */
  fault: string | undefined;
  close(): void;
}

const watchGroup = serviceDefinition(CustomerService)['WatchGroup']!;

/** Opens one by native gRPC on a channel. */
export function watchByGrpc(channel: Client, token: string, name: string): WatchedStream {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const { path, requestSerialize, responseDeserialize } = watchGroup;
  const call = channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, create(WatchGroupRequest, { name }), metadata);
  const stream = watchedStream(() => call.cancel());
  call.on('data', (message) => count(stream, (message as WatchGroupResponse).resumeToken));
  call.on('error', (error) => fail(stream, error.message));
  call.on('end', () => fail(stream, 'it ended'));
  return stream;
}

/** Opens one by REST on a connection of its own: a line of JSON for each message. */
export function watchByRest(port: number, token: string, name: string): WatchedStream {
  const options = { host: '127.0.0.1', port, path: `/v1/${name}:watch`, headers: { authorization: `Bearer ${token}` }, agent: false };
  const request = get(options, (response) => {
    if (response.statusCode !== 200) fail(stream, `the status is ${response.statusCode}`);
    const lines = createInterface({ input: response });
    lines.on('line', (line) => count(stream, (JSON.parse(line) as { resumeToken: string }).resumeToken));
    lines.on('error', (error) => fail(stream, String(error)));
    lines.on('close', () => fail(stream, 'it ended'));
  });
  const stream = watchedStream(() => request.destroy());
  request.on('error', (error) => fail(stream, error.message));
  return stream;
}

function watchedStream(close: () => void): WatchedStream {
  return { received: 0, fault: undefined, close };
}

function count(stream: WatchedStream, resumeToken: string): void {
  stream.received += 1;
  if (resumeToken !== String(stream.received)) fail(stream, `message ${stream.received} has the resume token ${resumeToken}`);
}

function fail(stream: WatchedStream, fault: string): void {
  stream.fault ??= fault;
}
