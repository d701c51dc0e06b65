import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { pino } from 'pino';
import type { Call } from '../../platform/chassis/server/call.ts';
import { ExchangeTokenRequestSchema, PartnerAdminService } from '../../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { startServiceDatabase } from '../../platform/testing/service-database.ts';
import { testClient } from '../../platform/testing/test-client.ts';
import { partnerAdminService } from '../admin-service.ts';
import { openSigningKeys } from '../signing-keys.ts';
import { IdentityStore } from '../store/identity.ts';
import { partnerTokenService } from '../token-service.ts';

/** A key as a partner has it. */
interface TestKey {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: Record<string, string>;
}

export const tokenEndpoint = 'https://api.kumiko.example/v1/partner/token';
export const issuer = 'https://partner.kumiko-test.kumiko.internal';

/** What operators and partners' systems use of the partner service, on a local Spanner, with a clock of its own. */
export type IdentityWorld = Awaited<ReturnType<typeof startIdentityWorld>>;

/** Makes a key. */
export async function makeKey(alg = 'ES256'): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { alg, privateKey, publicKey: (await exportJWK(publicKey)) as Record<string, string> };
}

/** Writes a private key to a file as the platform has it, and returns its name. */
export async function writeSigningKey(directory: string, alg: string): Promise<string> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const file = join(directory, `${randomUUID()}.jwk.json`);
  writeFileSync(file, JSON.stringify(await exportJWK(privateKey)));
  return pathToFileURL(file).href;
}

/** Starts it. */
export async function startIdentityWorld(options: { abortProbability?: number } = {}) {
  const spanner = await startServiceDatabase(options);
  const directory = mkdtempSync(join(tmpdir(), 'kumiko-partner-'));
  const clock = { now: new Date() };
  const now = () => clock.now;
  const store = new IdentityStore({ database: spanner.database, now });
  const keys = openSigningKeys([await writeSigningKey(directory, 'ES256'), await writeSigningKey(directory, 'RS256')]);
  const tokens = partnerTokenService({ store, keys, issuer, audience: 'https://edge.kumiko-test.kumiko.internal', tokenEndpoint, now });
  const operator = testClient(PartnerAdminService, partnerAdminService({ store, now }), { kind: 'operator', email: 'o@kumiko.example' });
  /** What the log says of refusals. */
  const faults: string[] = [];
  const logger = pino({}, { write: (line) => void faults.push((JSON.parse(line) as { fault: string }).fault) });

  async function exchange(body: string, contentType = 'application/x-www-form-urlencoded') {
    const form = { contentType, data: new TextEncoder().encode(body) };
    return tokens.exchangeToken(create(ExchangeTokenRequestSchema, { form }), { logger } as Call);
  }

  return {
    operator,
    tokens,
    clock,
    faults,
    rows: spanner.rows,
    exchange,
    async close() {
      await spanner.close();
      rmSync(directory, { recursive: true });
    },
    passSeconds(seconds: number): void {
      clock.now = new Date(clock.now.getTime() + seconds * 1000);
    },
    /** A partner with a key. */
    async registered(key?: TestKey): Promise<{ partner: string; key: TestKey }> {
      const partner = `partner-${randomUUID()}`;
      const own = key ?? (await makeKey());
      await operator.registerPartner({ partnerId: partner, partner: { displayName: partner } });
      await operator.addPartnerKey({ parent: `partners/${partner}`, key: { publicKey: own.publicKey } });
      return { partner, key: own };
    },
    /** A sound assertion, but for what `claims` and `header` change; undefined leaves a claim out. */
    assertion(partner: string, key: TestKey, claims: Readonly<Record<string, unknown>> = {}, header: Partial<JWK> = {}): Promise<string> {
      const iat = Math.floor(clock.now.getTime() / 1000);
      return new SignJWT({ iss: partner, sub: partner, aud: tokenEndpoint, iat, exp: iat + 60, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: key.alg, ...header })
        .sign(key.privateKey);
    },
    /** Exchanges an assertion. */
    present(assertion: string, more: Record<string, string> = {}) {
      return exchange(
        new URLSearchParams({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
          ...more,
        }).toString(),
      );
    },
  };
}
