import * as z from 'zod';
import { type Column, json } from './columns.ts';

/** google.type.PostalAddress, every field that it has but for its revision, which is always 0. A type and no interface, as JSON columns want it. */
export type PostalAddress = {
  readonly regionCode: string;
  readonly languageCode: string;
  readonly postalCode: string;
  readonly sortingCode: string;
  readonly administrativeArea: string;
  readonly locality: string;
  readonly sublocality: string;
  readonly addressLines: readonly string[];
  readonly recipients: readonly string[];
  readonly organization: string;
};

const shape: z.ZodType<PostalAddress> = z.object({
  regionCode: z.string(),
  languageCode: z.string(),
  postalCode: z.string(),
  sortingCode: z.string(),
  administrativeArea: z.string(),
  locality: z.string(),
  sublocality: z.string(),
  addressLines: z.array(z.string()),
  recipients: z.array(z.string()),
  organization: z.string(),
});

/** An address as jsonb. */
export function postalAddress(name: string): Column<PostalAddress> {
  return json(name, shape);
}
