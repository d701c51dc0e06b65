/** The least that answers like a service: grpc-js, the official health service, and one method that answers bytes with bytes. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

const raw = (bytes: Buffer) => bytes;
const server = new Server();
server.addService(
  {
    Echo: {
      path: '/bare.Bare/Echo',
      requestStream: false,
      responseStream: false,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    },
  },
  { Echo: (call: { request: Buffer }, answer: (error: null, response: Buffer) => void) => answer(null, call.request) },
);
new HealthImplementation({ '': 'SERVING' }).addToServer(server);
server.bindAsync(`127.0.0.1:${process.env['PORT']}`, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ message: 'listening', port })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
