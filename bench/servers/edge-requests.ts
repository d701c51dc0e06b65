import { isDeepStrictEqual } from 'node:util';
import { toJson } from '@bufbuild/protobuf';
import { OrderSchema } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import type { RestRequest } from '../load/load.ts';
import { order, orderName } from './order.ts';

/** A page of whoever develops an app: the origin that a browser names. */
const origin = 'http://localhost:5173';

/** A customer reads an order, as an app on a phone does. */
export function readOf(token: string): RestRequest {
  return { method: 'GET', path: `/v1/${orderName}`, headers: { authorization: `Bearer ${token}` } };
}

/** The same as a browser sends it: with an origin, and able to unpack what is compressed. */
export function browserReadOf(token: string): RestRequest {
  const { headers, ...request } = readOf(token);
  return { ...request, headers: { ...headers, origin, 'accept-encoding': 'gzip, deflate, br' } };
}

/** A customer joins a group. */
export function writeOf(token: string): RestRequest {
  const body = JSON.stringify({ quantity: 1, requestId: '7c9e6679-7425-40de-944b-e07fc1f90ae7' });
  const headers = { authorization: `Bearer ${token}` };
  return { method: 'POST', path: '/v1/groups/0197c1d0-3f5e-7c11-9a52-000000000001:join', headers, body };
}

/** The load counts a 200 as right; here the whole answer to a read is looked at. */
export async function checkRead(port: number, { path, headers }: RestRequest): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const body = await response.json();
  if (!isDeepStrictEqual(body, toJson(OrderSchema, order)))
    throw new Error(`port ${port} answers ${response.status} ${JSON.stringify(body)}`);
}
