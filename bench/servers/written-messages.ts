/** Prints how many microseconds of CPU time a response takes to be written: as protobuf-es does it ("stock"), or with the chassis' one memory ("shared"). */
import { create, toBinary } from '@bufbuild/protobuf';
import { CustomerService } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { shareMessageMemory } from '../../services/platform/contracts/message-memory.ts';
import { median } from '../load/compare.ts';
import { order } from './order.ts';

if (process.argv[2] === 'shared') shareMessageMemory();

const messages = 50_000;
const { output } = CustomerService.method.getOrder;
const message = create(output, { ...order, name: 'orders/1' });
/** As many as a busy server holds. */
const held: Uint8Array[] = [];

function round(): number {
  const before = process.cpuUsage();
  for (let written = 0; written < messages; written++) held[written % 100] = toBinary(output, message);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / messages;
}

// The first are for the compiler.
console.log(median(Array.from({ length: 9 }, round).slice(3)).toFixed(2));
