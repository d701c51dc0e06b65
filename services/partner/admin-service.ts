import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { listPage } from '../platform/chassis/api/list-page.ts';
import { invalidArgument, notFound, RpcError } from '../platform/chassis/errors/rpc-error.ts';
import type { Handlers } from '../platform/chassis/server/call.ts';
import {
  type PartnerAdminService,
  type PartnerKeySchema,
  Partner_State as PartnerMessageState,
  type PartnerSchema,
} from '../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import type { PartnerAccount, PartnerKey } from './domain/partner-account.ts';
import { PublicKeyError, type ReadKey, readPublicKey } from './domain/public-key.ts';
import { idOf } from './messages.ts';
import type { IdentityStore } from './store/identity.ts';

/** What the handlers need. */
interface PartnerAdminServiceOptions {
  readonly store: IdentityStore;
  readonly now: () => Date;
}

/** The handlers of kumiko.partner.v1.PartnerAdminService. */
export function partnerAdminService({ store, now }: PartnerAdminServiceOptions): Handlers<typeof PartnerAdminService> {
  return {
    async registerPartner({ partnerId: id, partner }) {
      const account: PartnerAccount = { id, displayName: partner?.displayName ?? '', state: 'ACTIVE', createTime: now() };
      const known = await store.insertPartner(account);
      if (known !== undefined && known.displayName !== account.displayName) {
        throw new RpcError({
          code: status.ALREADY_EXISTS,
          reason: 'ALREADY_EXISTS',
          message: `partners/${id} is registered with another display_name`,
          metadata: { resource: `partners/${id}` },
        });
      }
      return partnerMessage(known ?? account);
    },

    getPartner: async ({ name }) => partnerMessage(found(await store.partner(idOf(name)), name)),
    suspendPartner: async ({ name }) => partnerMessage(found(await store.setState(idOf(name), 'SUSPENDED'), name)),
    reinstatePartner: async ({ name }) => partnerMessage(found(await store.setState(idOf(name), 'ACTIVE'), name)),

    async addPartnerKey({ parent, key }) {
      const read = readKey(key?.publicKey ?? {});
      const added = await store.addKey({ ...read, partner: idOf(parent), createTime: now(), revokeTime: undefined });
      return keyMessage(found(added, parent));
    },

    async listPartnerKeys(request) {
      const { parent } = request;
      const { items, nextPageToken } = await listPage(
        request,
        (after, limit) => store.keys(idOf(parent), after, limit),
        (key) => ({ time: key.createTime, id: key.id }),
      );
      if (items.length === 0) found(await store.partner(idOf(parent)), parent);
      return { keys: items.map(keyMessage), nextPageToken };
    },

    async revokePartnerKey({ name }) {
      const [, partner = '', , key = ''] = name.split('/');
      return keyMessage(found(await store.revokeKey(partner, key), name));
    },
  };
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw notFound(name);
  return value;
}

function readKey(jwk: Readonly<Record<string, unknown>>): ReadKey {
  try {
    return readPublicKey(jwk);
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    throw invalidArgument(`key.public_key ${error.message}`, [{ field: 'key.public_key', description: error.message }]);
  }
}

function partnerMessage({ id, displayName, state, createTime }: PartnerAccount): MessageInitShape<typeof PartnerSchema> {
  return { name: `partners/${id}`, displayName, state: PartnerMessageState[state], createTime: timestampFromDate(createTime) };
}

function keyMessage({ partner, id, publicKey, algorithm, createTime, revokeTime }: PartnerKey): MessageInitShape<typeof PartnerKeySchema> {
  return {
    name: `partners/${partner}/keys/${id}`,
    publicKey,
    algorithm,
    createTime: timestampFromDate(createTime),
    ...(revokeTime !== undefined && { revokeTime: timestampFromDate(revokeTime) }),
  };
}
