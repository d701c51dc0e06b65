import * as z from 'zod';
import { jsonText } from '../platform/chassis/process/config.ts';

const profile = z.object({
  kind: z.enum(['payment', 'shipment']),
  name: z.string().regex(/^[a-z0-9-]{1,32}$/),
  header: z.string().regex(/^[a-z0-9-]+$/, 'must be a header name in lower case'),
  toleranceSeconds: z.number().int().min(1).max(3600),
  secrets: z.array(z.string().min(16, 'must have at least 16 characters')).min(1).max(4),
});

/** How one provider signs its webhooks. */
export type Profile = z.output<typeof profile>;

/** Profiles that redact themselves: they hold secrets. */
export class Profiles {
  readonly #profiles: readonly Profile[];

  constructor(profiles: readonly Profile[]) {
    this.#profiles = profiles;
  }

  /** A provider's profile, or undefined where we know none. */
  find(kind: Profile['kind'], name: string): Profile | undefined {
    return this.#profiles.find((candidate) => candidate.kind === kind && candidate.name === name);
  }

  toJSON(): string {
    return '[redacted]';
  }
}

/** The type of the profiles in an environment variable. */
export const profiles = jsonText
  .pipe(
    z
      .array(profile)
      .min(1)
      // Stored events are told apart by the provider's name.
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'each name must be there once'),
  )
  .transform((list) => new Profiles(list))
  .describe(
    'JSON: [{"kind": "payment" or "shipment", "name", "header", "toleranceSeconds": 1 to 3600, "secrets": [at least one of 16 characters]}]',
  );
