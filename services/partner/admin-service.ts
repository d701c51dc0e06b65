import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { etagOf, requireEtag } from '../platform/chassis/api/etag.ts';
import { applyFieldMask } from '../platform/chassis/api/field-mask.ts';
import { listOf, listPage } from '../platform/chassis/api/list-page.ts';
import { requireValid } from '../platform/chassis/api/validate.ts';
import { invalidArgument, notFound, RpcError } from '../platform/chassis/errors/rpc-error.ts';
import type { Handlers } from '../platform/chassis/server/call.ts';
import {
  ListPartnerKeysRequestSchema,
  ListPartnersRequestSchema,
  type PartnerAdminService,
  PartnerKeySchema,
  Partner_State as PartnerMessageState,
  PartnerSchema,
  RegisterPartnerRequestSchema,
} from '../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import type { PartnerAccount, PartnerKey, PartnerState } from './domain/partner-account.ts';
import { PublicKeyError, type ReadKey, readPublicKey } from './domain/public-key.ts';
import { idOf } from './messages.ts';
import type { IdentityStore } from './store/identity.ts';

/** What the handlers need. */
interface PartnerAdminServiceOptions {
  readonly store: IdentityStore;
  readonly now: () => Date;
}

const newestFirst = { order: { field: 'create_time', descending: true } };
const partnerList = listOf(ListPartnersRequestSchema, PartnerSchema, { filter: ['state', 'create_time'], ...newestFirst });
const keyList = listOf(ListPartnerKeysRequestSchema, PartnerKeySchema, newestFirst);

/** The handlers of kumiko.partner.v1.PartnerAdminService. */
export function partnerAdminService({ store, now }: PartnerAdminServiceOptions): Handlers<typeof PartnerAdminService> {
  async function changePartner(
    { name, etag }: { readonly name: string; readonly etag: string },
    change: (account: PartnerAccount) => PartnerAccount,
  ) {
    const changed = await store.changePartner(idOf(name), (account) => {
      requireEtag(etag, name, account.version);
      return change(account);
    });
    return partnerMessage(found(changed, name));
  }

  return {
    async registerPartner({ partnerId: id, partner }) {
      const createTime = now();
      const account: PartnerAccount = {
        id,
        displayName: partner?.displayName ?? '',
        state: 'ACTIVE',
        createTime,
        updateTime: createTime,
        version: 1n,
      };
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

    async listPartners(request) {
      const { items, nextPageToken } = await listPage(
        partnerList,
        request,
        (query) => store.partners(query),
        (partner) => ({ time: partner.createTime, id: partner.id }),
      );
      return { partners: items.map(partnerMessage), nextPageToken };
    },

    updatePartner: ({ partner: source, updateMask }) =>
      changePartner(source ?? { name: '', etag: '' }, (before) => {
        const message = create(PartnerSchema, partnerMessage(before));
        if (source !== undefined) applyFieldMask(PartnerSchema, message, source, updateMask, ['display_name']);
        requireValid(RegisterPartnerRequestSchema, create(RegisterPartnerRequestSchema, { partner: message, partnerId: before.id }));
        return { ...before, displayName: message.displayName };
      }),

    suspendPartner: (request) => changePartner(request, setState('SUSPENDED')),
    reinstatePartner: (request) => changePartner(request, setState('ACTIVE')),

    async addPartnerKey({ parent, key }) {
      const read = readKey(key?.publicKey ?? {});
      const added = await store.addKey({ ...read, partner: idOf(parent), createTime: now(), revokeTime: undefined });
      return keyMessage(found(added, parent));
    },

    async listPartnerKeys(request) {
      const { parent } = request;
      const { items, nextPageToken } = await listPage(
        keyList,
        request,
        (query) => store.keys(idOf(parent), query),
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

/** What is so already stays as it is. */
function setState(state: PartnerState): (account: PartnerAccount) => PartnerAccount {
  return (account) => (account.state === state ? account : { ...account, state });
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

function partnerMessage(account: PartnerAccount): MessageInitShape<typeof PartnerSchema> {
  const { id, displayName, state, createTime, updateTime, version } = account;
  return {
    name: `partners/${id}`,
    displayName,
    state: PartnerMessageState[state],
    createTime: timestampFromDate(createTime),
    updateTime: timestampFromDate(updateTime),
    etag: etagOf(`partners/${id}`, version),
  };
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
