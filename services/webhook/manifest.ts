import type { LocalAround, Manifest } from '../platform/chassis/process/manifest.ts';
import { profiles } from './profiles.ts';

/** What the webhook service needs. */
export const manifest = {
  variables: {
    WEBHOOK_PROFILES: {
      type: profiles,
      local: (around) =>
        JSON.stringify([
          localProfile('payment', 'yamapay', 'payment-webhook', around),
          localProfile('shipment', 'hayabusa', 'carrier-webhook', around),
        ]),
      production: { secret: 'webhook-profiles' },
    },
  },
} satisfies Manifest;

function localProfile(kind: 'payment' | 'shipment', name: string, key: string, { secret }: LocalAround): object {
  return { kind, name, header: `${name}-signature`, toleranceSeconds: 300, secrets: [secret(key)] };
}
