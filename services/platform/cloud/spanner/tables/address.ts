import * as z from 'zod';
import type { Address } from '../../../contracts/address.ts';
import { type Column, json } from './columns.ts';

const shape: z.ZodType<Address> = z.object({
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
export function address(name: string): Column<Address> {
  return json(name, shape);
}
