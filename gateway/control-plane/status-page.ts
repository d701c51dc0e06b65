import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toJsonString } from '@bufbuild/protobuf';
import { ControlPlaneStatusSchema } from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { type StatusSources, statusOf } from './status.ts';

/** Answers `GET /` with how it stands as JSON, on loopback only: for whoever is on the machine. */
export async function startStatusPage(sources: StatusSources, port: number): Promise<{ port: number; close: () => void }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/') {
      response.writeHead(request.method === 'GET' ? 404 : 405, { allow: 'GET' }).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${toJsonString(ControlPlaneStatusSchema, statusOf(sources), { prettySpaces: 2, alwaysEmitImplicit: true })}\n`);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
