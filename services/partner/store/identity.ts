import { status } from '@grpc/grpc-js';
import type { ListQuery } from '../../platform/chassis/api/list-page.ts';
import { failedPrecondition, RpcError } from '../../platform/chassis/errors/rpc-error.ts';
import { type Database, DatabaseError } from '../../platform/cloud/spanner/database.ts';
import type { UsedAssertion } from '../domain/client-assertion.ts';
import { maxGoodKeys, type PartnerAccount, type PartnerKey } from '../domain/partner-account.ts';
import { identityStatements } from './tables.ts';

/** How the use of an assertion ended. */
type AssertionUse = 'accepted' | 'replayed' | 'suspended' | 'revoked';

/** Partners, their keys and what they have signed. Ids without their resource prefix. */
export class IdentityStore {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(options: { database: Database; now: () => Date }) {
    this.#database = options.database;
    this.#now = options.now;
  }

  /** A partner, or undefined. */
  async partner(id: string): Promise<PartnerAccount | undefined> {
    return identityStatements.selectPartner.first(this.#database, { partner: id });
  }

  /** Inserts a partner. Returns the one that has this id already, if any. */
  async insertPartner(account: PartnerAccount): Promise<PartnerAccount | undefined> {
    return this.#database.transact(async (tx) => {
      const known = await identityStatements.lockPartner.first(tx, { partner: account.id });
      if (known === undefined) await tx.execute(...identityStatements.insertPartner.with(account));
      return known;
    });
  }

  /** Changes a partner by a pure function that may refuse by throwing; undefined where there is no such partner. */
  async changePartner(id: string, change: (account: PartnerAccount) => PartnerAccount): Promise<PartnerAccount | undefined> {
    return this.#database.transact(async (tx) => {
      const before = await identityStatements.lockPartner.first(tx, { partner: id });
      if (before === undefined) return undefined;
      const changed = change(before);
      if (changed === before) return before;
      const after = { ...changed, version: before.version + 1n, updateTime: this.#now() };
      await tx.execute(...identityStatements.updatePartner.with(after));
      return after;
    });
  }

  /** The keys that a partner's assertions may be signed with. */
  async goodKeys(partner: string): Promise<PartnerKey[]> {
    return identityStatements.selectGoodKeys.all(this.#database, { partner });
  }

  /** A page of the partners. */
  async partners(query: ListQuery): Promise<PartnerAccount[]> {
    return identityStatements.listPartners.all(this.#database, {}, query);
  }

  /** A page of a partner's keys. */
  async keys(partner: string, query: ListQuery): Promise<PartnerKey[]> {
    return identityStatements.listKeys.all(this.#database, { partner }, query);
  }

  /**
   * Inserts a key, or finds it where the partner has it already; undefined where there is no such partner.
   *
   * @throws {RpcError} where the key was revoked, belongs to another partner, or the partner has as many as it may.
   */
  async addKey(key: PartnerKey): Promise<PartnerKey | undefined> {
    const resource = `partners/${key.partner}`;
    const add = this.#database.transact(async (tx) => {
      const { partner } = key;
      const owner = await identityStatements.lockPartner.first(tx, { partner });
      if (owner === undefined) return undefined;
      const known = await identityStatements.selectKey.first(tx, { partner, key: key.id });
      if (known !== undefined) {
        if (known.revokeTime === undefined) return known;
        throw failedPrecondition('KEY_REVOKED', 'this key was revoked: make a new one', { resource });
      }
      if ((await identityStatements.selectGoodKeys.all(tx, { partner })).length >= maxGoodKeys) {
        throw failedPrecondition('TOO_MANY_KEYS', `a partner has at most ${maxGoodKeys} keys: revoke one first`, { resource });
      }
      await tx.execute(...identityStatements.insertKey.with({ ...key, revokeTime: undefined }));
      return key;
    });
    return add.catch((error) => {
      if (!(error instanceof DatabaseError && error.kind === 'unique')) throw error;
      throw new RpcError({
        code: status.ALREADY_EXISTS,
        reason: 'KEY_IN_USE',
        message: 'another partner has this key',
        metadata: { resource },
      });
    });
  }

  /** Revokes a key; undefined where there is none. One that was revoked stays as it is. */
  async revokeKey(partner: string, id: string): Promise<PartnerKey | undefined> {
    return this.#database.transact(async (tx) => {
      const known = await identityStatements.lockKey.first(tx, { partner, key: id });
      if (known === undefined || known.revokeTime !== undefined) return known;
      const revoked = { ...known, revokeTime: this.#now() };
      await tx.execute(...identityStatements.revokeKey.with(revoked));
      return revoked;
    });
  }

  /** Uses an assertion up, in one transaction with another look at whether its partner and its key are still good. */
  async useAssertion(partner: string, key: string, { id, expireTime }: UsedAssertion): Promise<AssertionUse> {
    const use = this.#database.transact(async (tx): Promise<AssertionUse> => {
      const signer = await identityStatements.selectSigner.first(tx, { partner, key });
      if (signer?.partner.state !== 'ACTIVE') return 'suspended';
      if (signer.key.revokeTime !== undefined) return 'revoked';
      await tx.batch([
        identityStatements.deleteExpiredAssertions.with({ partner, now: this.#now() }),
        identityStatements.insertAssertion.with({ partner, id, expireTime }),
      ]);
      return 'accepted';
    });
    return use.catch((error) => {
      if (error instanceof DatabaseError && error.kind === 'unique') return 'replayed';
      throw error;
    });
  }
}
