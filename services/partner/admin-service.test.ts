import { randomUUID } from 'node:crypto';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Partner_State as PartnerState } from '../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { type IdentityWorld, makeKey, startIdentityWorld } from './tests/identity-world.ts';

let world: IdentityWorld;
beforeAll(async () => {
  world = await startIdentityWorld({ abortProbability: 0.1 });
});
afterAll(() => world?.close());

const notFound = { code: status.NOT_FOUND };

describe('a partner', () => {
  test('is registered once', async () => {
    const id = `partner-${randomUUID()}`;
    const register = (displayName: string) => world.operator.registerPartner({ partnerId: id, partner: { displayName } });
    const expected = { name: `partners/${id}`, displayName: 'Acme', state: PartnerState.ACTIVE };
    for (const answer of await Promise.all([register('Acme'), register('Acme')])) expect(answer).toMatchObject(expected);
    await expect(register('Other')).rejects.toMatchObject({ code: status.ALREADY_EXISTS, reason: 'ALREADY_EXISTS' });
    expect(await world.operator.getPartner({ name: `partners/${id}` })).toMatchObject(expected);
  });

  test('is renamed by who knows it as it is, and never left without a name', async () => {
    const { partner } = await world.registered();
    const name = `partners/${partner}`;
    const { etag } = await world.operator.getPartner({ name });
    world.passSeconds(1);
    const renamed = await world.operator.updatePartner({ partner: { name, displayName: 'Renamed', etag } });
    expect(renamed).toMatchObject({ name, displayName: 'Renamed', state: PartnerState.ACTIVE });
    expect(renamed.updateTime?.seconds).toBeGreaterThan(renamed.createTime?.seconds ?? 0n);
    const aborted = { code: status.ABORTED, reason: 'ETAG_MISMATCH' };
    await expect(world.operator.updatePartner({ partner: { name, displayName: 'Lost', etag } })).rejects.toMatchObject(aborted);
    await expect(world.operator.suspendPartner({ name, etag })).rejects.toMatchObject(aborted);
    for (const paths of [['display_name'], ['*']]) {
      const unnamed = world.operator.updatePartner({ partner: { name }, updateMask: { paths } });
      await expect(unnamed).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, fieldViolations: [{ field: 'partner.display_name' }] });
    }
    expect(await world.operator.getPartner({ name })).toMatchObject({ displayName: 'Renamed', etag: renamed.etag });
  });

  test('is listed with the others, by state, newest first', async () => {
    const from = (await world.operator.getPartner({ name: `partners/${(await world.registered()).partner}` })).createTime;
    world.passSeconds(1);
    const ids: string[] = [];
    for (const _ of [1, 2, 3]) {
      ids.unshift((await world.registered()).partner);
      world.passSeconds(1);
    }
    await world.operator.suspendPartner({ name: `partners/${ids[1]}` });
    const filter = (state: string) => `state = ${state} AND create_time > "${timestampDate(from!).toISOString()}"`;
    const first = await world.operator.listPartners({ filter: filter('STATE_ACTIVE'), pageSize: 1 });
    const second = await world.operator.listPartners({ filter: filter('STATE_ACTIVE'), pageSize: 1, pageToken: first.nextPageToken });
    expect([...first.partners, ...second.partners].map(({ name }) => name)).toEqual([`partners/${ids[0]}`, `partners/${ids[2]}`]);
    expect((await world.operator.listPartners({ filter: filter('STATE_SUSPENDED') })).partners).toMatchObject([
      { name: `partners/${ids[1]}` },
    ]);
  });

  test('that is not there is not found by any method', async () => {
    const name = 'partners/nobody';
    const { operator } = world;
    const { publicKey } = await makeKey();
    await expect(operator.getPartner({ name })).rejects.toMatchObject(notFound);
    await expect(operator.updatePartner({ partner: { name, displayName: 'X' } })).rejects.toMatchObject(notFound);
    await expect(operator.suspendPartner({ name })).rejects.toMatchObject(notFound);
    await expect(operator.reinstatePartner({ name })).rejects.toMatchObject(notFound);
    await expect(operator.addPartnerKey({ parent: name, key: { publicKey } })).rejects.toMatchObject(notFound);
    await expect(operator.listPartnerKeys({ parent: name })).rejects.toMatchObject(notFound);
    await expect(operator.revokePartnerKey({ name: `${name}/keys/${'x'.repeat(43)}` })).rejects.toMatchObject(notFound);
  });
});

describe('a key', () => {
  test('is added once, and stays revoked', async () => {
    const { partner, key } = await world.registered();
    const add = () => world.operator.addPartnerKey({ parent: `partners/${partner}`, key: { publicKey: key.publicKey } });
    const { name, createTime } = await add();
    const revoked = await world.operator.revokePartnerKey({ name });
    expect(revoked).toMatchObject({ name, createTime, algorithm: 'ES256', publicKey: key.publicKey });
    expect(revoked.revokeTime).toBeDefined();
    world.passSeconds(10);
    expect((await world.operator.revokePartnerKey({ name })).revokeTime).toEqual(revoked.revokeTime);
    await expect(add()).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'KEY_REVOKED' });
  });

  test('belongs to one partner', async () => {
    const { key } = await world.registered();
    await expect(world.registered(key)).rejects.toMatchObject({ code: status.ALREADY_EXISTS, reason: 'KEY_IN_USE' });
  });

  test('is one of five at most', async () => {
    const { partner } = await world.registered();
    const parent = `partners/${partner}`;
    const add = async () => world.operator.addPartnerKey({ parent, key: { publicKey: (await makeKey()).publicKey } });
    for (const _ of [2, 3, 4, 5]) await add();
    await expect(add()).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'TOO_MANY_KEYS' });
    const page = await world.operator.listPartnerKeys({ parent, pageSize: 3 });
    const rest = await world.operator.listPartnerKeys({ parent, pageSize: 3, pageToken: page.nextPageToken });
    expect(new Set([...page.keys, ...rest.keys].map(({ name }) => name)).size).toBe(5);
    await world.operator.revokePartnerKey({ name: page.keys[0]!.name });
    await add();
  });

  test('with its private part is refused, with the field at fault', async () => {
    const { partner, key } = await world.registered();
    const add = world.operator.addPartnerKey({ parent: `partners/${partner}`, key: { publicKey: { ...key.publicKey, d: 'x' } } });
    await expect(add).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, fieldViolations: [{ field: 'key.public_key' }] });
  });
});
