import { createFileRegistry } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDescriptorSet } from '../../services/contracts/methods.ts';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { readEnvironment } from '../bootstrap/environment.ts';
import { type DataPlane, startDataPlane } from '../dataplane/start-data-plane.ts';
import { attacks } from './cases/attacks.ts';
import { nativeGrpc } from './cases/native-grpc.ts';
import { responses } from './cases/responses.ts';
import { tokens } from './cases/tokens.ts';
import { transcoding } from './cases/transcoding.ts';
import { type CaseBench, runCase } from './run-case.ts';
import { startScriptedUpstream } from './scripted-upstream.ts';
import { startTokenAuthority } from './tokens.ts';

const suites = { tokens, transcoding, responses, 'native gRPC': nativeGrpc, attacks };

let bench: CaseBench;
let plane: DataPlane;

beforeAll(async () => {
  const registry = createFileRegistry(readDescriptorSet());
  const [upstream, authority] = await Promise.all([startScriptedUpstream(registry), startTokenAuthority()]);
  // The edge's own bootstrap: only addresses differ.
  const local = readEnvironment('gateway/bootstrap/environments/local.yaml');
  const jwksUri = `http://127.0.0.1:${authority.port}/jwks.json`;
  const url = `http://127.0.0.1:${upstream.port}`;
  const { customer, partner, google } = local.identity;
  const environment = {
    ...local,
    identity: { customer: { ...customer, jwksUri }, partner: { ...partner, jwksUri }, google: { ...google, jwksUri } },
    services: { customer: { url }, partner: { url }, webhook: { url }, job: { url } },
    metadataServer: { host: '127.0.0.1', port: authority.port },
  };
  plane = await startDataPlane(compileBootstrap({ role: 'edge', environment }), { ports: { edge: 0, admin: 0 }, accessLog: () => {} });
  bench = { port: plane.ports.edge!, registry, upstream, authority };
});

afterAll(async () => {
  await plane.close();
  await Promise.all([bench.upstream.close(), bench.authority.close()]);
});

for (const [suite, cases] of Object.entries(suites)) {
  describe(suite, () => {
    for (const one of cases) {
      for (const protocol of one.request.protocols ??
        (one.request.grpc === undefined ? (['HTTP/1.1', 'HTTP/2'] as const) : (['HTTP/2'] as const))) {
        test(`${one.name} (${protocol})`, async () => {
          expect(await runCase(bench, one, protocol)).toEqual([]);
        });
      }
    }
  });
}
