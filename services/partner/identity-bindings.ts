import type { ChassisConfig } from '../platform/chassis/process/config.ts';
import type { ConfigOf } from '../platform/chassis/process/manifest.ts';
import { type Binding, bind } from '../platform/chassis/server/bind.ts';
import type { Database } from '../platform/cloud/spanner/database.ts';
import { PartnerAdminService, PartnerTokenService } from '../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { partnerAdminService } from './admin-service.ts';
import type { manifest } from './manifest.ts';
import { openSigningKeys } from './signing-keys.ts';
import { IdentityStore } from './store/identity.ts';
import { partnerTokenService } from './token-service.ts';

/**
 * Wires what is about who a partner is: its keys, its assertions and its tokens. All of it goes by the machine's time, and not by business time: partners sign
 * by their own clocks, gateways judge by theirs, and an operator holds the time of a revocation against a token's `iat`.
 */
export function identityBindings(config: ChassisConfig & ConfigOf<typeof manifest>, database: Database): readonly Binding[] {
  const now = () => new Date();
  const store = new IdentityStore({ database, now });
  return [
    bind(PartnerAdminService, partnerAdminService({ store, now })),
    bind(
      PartnerTokenService,
      partnerTokenService({
        store,
        keys: openSigningKeys(config.PARTNER_SIGNING_KEYS),
        issuer: config.PARTNER_ISSUER,
        audience: config.PARTNER_AUDIENCE,
        tokenEndpoint: config.PARTNER_TOKEN_ENDPOINT,
        now,
      }),
    ),
  ];
}
