/** A grpc-js server as its documentation shows it, and nothing else: proto-loader's own messages, no interceptor. */
import { readFileSync } from 'node:fs';
import { toJson } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerWritableStream, type ServiceDefinition, type sendUnaryData } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { descriptorFile } from '../../services/platform/contracts/descriptor-file.ts';
import { OrderSchema } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { order, orderName } from './order.ts';

// proto-loader's messages have the field names of the proto files.
const plainOrder = {
  ...(toJson(OrderSchema, order, { useProtoFieldName: true }) as object),
  create_time: { seconds: 1_767_225_600 },
};

const watchIntervalMs = 200;

const server = new Server();
const definition = loadFileDescriptorSetFromBuffer(readFileSync(descriptorFile));
server.addService(definition['kumiko.customer.v1.CustomerService'] as ServiceDefinition, {
  GetOrder: ({ request }: { request: { name: string } }, answer: sendUnaryData<object>) =>
    answer(null, { ...plainOrder, name: request.name }),
  JoinGroup: ({ request }: { request: { name: string } }, answer: sendUnaryData<object>) =>
    answer(null, {
      group: { name: request.name, deal: order.deal, state: 'STATE_OPEN', size: 3, taken: 2, own_order: orderName },
      order: plainOrder,
      payment: { provider: 'yamapay', id: 'pi_1', client_token: 'secret' },
    }),
  GetDeal: ({ request }: { request: { name: string } }, answer: sendUnaryData<object>) =>
    answer(null, {
      name: request.name,
      title: 'Uji matcha, 100 g',
      price: { currency_code: 'JPY', units: 1_980 },
      group_size: 3,
      available: 300,
      state: 'STATE_OPEN',
    }),
  // A change at each interval; the resume token counts them.
  WatchGroup: (call: ServerWritableStream<{ name: string }, object>) => {
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      const group = { name: call.request.name, deal: order.deal, state: 'STATE_OPEN', size: 3, taken: 2, own_order: orderName };
      call.write({ group, resume_token: String(sent) });
    }, watchIntervalMs);
    call.on('cancelled', () => clearInterval(timer));
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ message: 'listening', port })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
