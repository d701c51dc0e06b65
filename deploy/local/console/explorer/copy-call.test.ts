import { expect, test } from 'vitest';
import { listMethods } from '../../../../services/platform/contracts/methods.ts';
import type { Endpoints } from '../../platform/endpoints.ts';
import { askedCallSchema, type ReadyCall } from './asked-call.ts';
import { copyCall } from './copy-call.ts';
import type { DescribedMethods } from './described-methods.ts';

const endpoints = { edge: 'http://127.0.0.1:7400', jobs: 'http://127.0.0.1:7401', services: {} } as Endpoints;
const method = listMethods().find(({ desc }) => desc.name === 'GetDeal')!;
const call = { method, json: {}, url: endpoints.edge, headers: {}, trace: '' } as unknown as ReadyCall;
const asked = (subject: string, preview: Record<string, string> = {}) => ({
  method: method.grpcPath.slice(1),
  request: '{}',
  protocol: 'grpc',
  identity: { kind: 'customer', subject },
  preview,
});

test('whom a call was by runs as nothing where its copy is pasted', () => {
  const copied = (subject: string, preview?: Record<string, string>) =>
    copyCall('grpcurl', askedCallSchema.parse(asked(subject, preview)), call, {} as DescribedMethods, endpoints);
  expect(copied('alice', { partner: 'pr-1' })).toContain('customer alice --preview partner=pr-1)');
  expect(copied("x'; rm -rf ~", { partner: '$(id)' })).toContain(String.raw`customer 'x'\''; rm -rf ~' --preview 'partner=$(id)')`);
});

test('a line break in it is refused: it would leave the comment of the TypeScript form', () => {
  expect(askedCallSchema.safeParse(asked('x\nprocess.exit()')).success).toBe(false);
});
