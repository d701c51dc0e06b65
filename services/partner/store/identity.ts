import { status } from '@grpc/grpc-js';
import type { Position } from '../../platform/chassis/api/list-page.ts';
import { failedPrecondition, RpcError } from '../../platform/chassis/errors/rpc-error.ts';
import { type Database, DatabaseError, defineStatements, type Row } from '../../platform/cloud/spanner/database.ts';
import type { UsedAssertion } from '../domain/client-assertion.ts';
import { maxGoodKeys, type PartnerAccount, type PartnerKey, type PartnerState } from '../domain/partner-account.ts';

const partner = 'id, display_name, state, create_time';
const key = 'partner, id, public_key, algorithm, create_time, revoke_time';
const locking = '/*@ lock_scanned_ranges=exclusive */ ';

/** The SQL of partners and their keys. */
export const identityStatements = defineStatements('partner', {
  selectPartner: `SELECT ${partner} FROM partner.partners WHERE id = $1`,
  lockPartner: `${locking}SELECT ${partner} FROM partner.partners WHERE id = $1`,
  insertPartner: `INSERT INTO partner.partners (${partner}) VALUES ($1, $2, $3, $4)`,
  updatePartnerState: 'UPDATE partner.partners SET state = $2 WHERE id = $1',
  selectGoodKeys: `SELECT ${key} FROM partner.partner_keys WHERE partner = $1 AND revoke_time IS NULL ORDER BY id`,
  selectKey: `SELECT ${key} FROM partner.partner_keys WHERE partner = $1 AND id = $2`,
  selectSigner: `SELECT p.state, k.revoke_time FROM partner.partners p JOIN partner.partner_keys k ON k.partner = p.id
    WHERE p.id = $1 AND k.id = $2`,
  lockKey: `${locking}SELECT ${key} FROM partner.partner_keys WHERE partner = $1 AND id = $2`,
  listKeys: `SELECT ${key} FROM partner.partner_keys WHERE partner = $1
    AND (create_time < $2 OR (create_time = $2 AND id < $3)) ORDER BY create_time DESC, id DESC LIMIT $4`,
  insertKey: `INSERT INTO partner.partner_keys (${key}) VALUES ($1, $2, $3, $4, $5, NULL)`,
  revokeKey: 'UPDATE partner.partner_keys SET revoke_time = $3 WHERE partner = $1 AND id = $2',
  insertAssertion: `INSERT INTO partner.assertions (partner, id, expire_time) VALUES ($1, $2, $3)`,
  deleteExpiredAssertions: 'DELETE FROM partner.assertions WHERE partner = $1 AND expire_time < $2',
});

/** How the use of an assertion ended. */
export type AssertionUse = 'accepted' | 'replayed' | 'suspended' | 'revoked';

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
    const [row] = await this.#database.query(identityStatements.selectPartner, [id]);
    return row && partnerOf(row);
  }

  /** Inserts a partner. Returns the one that has this id already, if any. */
  async insertPartner({ id, displayName, state, createTime }: PartnerAccount): Promise<PartnerAccount | undefined> {
    return this.#database.transact(async (tx) => {
      const [row] = await tx.query(identityStatements.lockPartner, [id]);
      if (row !== undefined) return partnerOf(row);
      await tx.execute(identityStatements.insertPartner, [id, displayName, state, createTime]);
      return undefined;
    });
  }

  /** Sets a partner's state; undefined where there is no such partner. */
  async setState(id: string, state: PartnerState): Promise<PartnerAccount | undefined> {
    return this.#database.transact(async (tx) => {
      const [row] = await tx.query(identityStatements.lockPartner, [id]);
      if (row === undefined) return undefined;
      if (row.state !== state) await tx.execute(identityStatements.updatePartnerState, [id, state]);
      return { ...partnerOf(row), state };
    });
  }

  /** The keys that a partner's assertions may be signed with. */
  async goodKeys(partner: string): Promise<PartnerKey[]> {
    return (await this.#database.query(identityStatements.selectGoodKeys, [partner])).map(keyOf);
  }

  /** A partner's keys, newest first, behind a position. */
  async keys(partner: string, after: Position, limit: number): Promise<PartnerKey[]> {
    return (await this.#database.query(identityStatements.listKeys, [partner, after.time, after.id, limit])).map(keyOf);
  }

  /**
   * Inserts a key, or finds it where the partner has it already; undefined where there is no such partner.
   *
   * @throws {RpcError} where the key was revoked, belongs to another partner, or the partner has as many as it may.
   */
  async addKey(key: PartnerKey): Promise<PartnerKey | undefined> {
    const resource = `partners/${key.partner}`;
    const add = this.#database.transact(async (tx) => {
      const [owner] = await tx.query(identityStatements.lockPartner, [key.partner]);
      if (owner === undefined) return undefined;
      const [row] = await tx.query(identityStatements.selectKey, [key.partner, key.id]);
      if (row !== undefined) {
        const known = keyOf(row);
        if (known.revokeTime === undefined) return known;
        throw failedPrecondition('KEY_REVOKED', 'this key was revoked: make a new one', { resource });
      }
      if ((await tx.query(identityStatements.selectGoodKeys, [key.partner])).length >= maxGoodKeys) {
        throw failedPrecondition('TOO_MANY_KEYS', `a partner has at most ${maxGoodKeys} keys: revoke one first`, { resource });
      }
      await tx.execute(identityStatements.insertKey, [key.partner, key.id, key.publicKey, key.algorithm, key.createTime]);
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
      const [row] = await tx.query(identityStatements.lockKey, [partner, id]);
      if (row === undefined) return undefined;
      const known = keyOf(row);
      if (known.revokeTime !== undefined) return known;
      const revokeTime = this.#now();
      await tx.execute(identityStatements.revokeKey, [partner, id, revokeTime]);
      return { ...known, revokeTime };
    });
  }

  /** Uses an assertion up, in one transaction with another look at whether its partner and its key are still good. */
  async useAssertion(partner: string, key: string, { id, expireTime }: UsedAssertion): Promise<AssertionUse> {
    const use = this.#database.transact(async (tx): Promise<AssertionUse> => {
      const [signer] = await tx.query(identityStatements.selectSigner, [partner, key]);
      if (signer?.state !== 'ACTIVE') return 'suspended';
      if (signer.revoke_time !== null) return 'revoked';
      await tx.batch([
        [identityStatements.deleteExpiredAssertions, [partner, this.#now()]],
        [identityStatements.insertAssertion, [partner, id, expireTime]],
      ]);
      return 'accepted';
    });
    return use.catch((error) => {
      if (error instanceof DatabaseError && error.kind === 'unique') return 'replayed';
      throw error;
    });
  }
}

function partnerOf(row: Row): PartnerAccount {
  return {
    id: row.id as string,
    displayName: row.display_name as string,
    state: row.state as PartnerState,
    createTime: row.create_time as Date,
  };
}

function keyOf(row: Row): PartnerKey {
  return {
    partner: row.partner as string,
    id: row.id as string,
    publicKey: row.public_key as PartnerKey['publicKey'],
    algorithm: row.algorithm as PartnerKey['algorithm'],
    createTime: row.create_time as Date,
    revokeTime: (row.revoke_time as Date | null) ?? undefined,
  };
}
