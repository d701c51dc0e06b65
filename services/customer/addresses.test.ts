import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ruleViolations } from '../platform/chassis/api/validate.ts';
import { UpdateProfileRequestSchema } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';

type Address = NonNullable<NonNullable<MessageInitShape<typeof UpdateProfileRequestSchema>['profile']>['shippingAddress']>;

const fieldsAtFault = (shippingAddress: Address) =>
  ruleViolations(UpdateProfileRequestSchema, create(UpdateProfileRequestSchema, { profile: { shippingAddress } })).map(
    ({ field }) => field,
  );

test('an address that no order could carry is refused', () => {
  const longest = {
    regionCode: 'JP',
    postalCode: '1',
    addressLines: ['1-2-3'],
    locality: '組'.repeat(200),
    recipients: new Array<string>(10).fill('アリス'),
  };
  expect(fieldsAtFault(longest)).toEqual([]);
  for (const address of [
    { ...longest, locality: 'a'.repeat(201) },
    { ...longest, addressLines: ['a'.repeat(201)] },
    { ...longest, recipients: new Array<string>(11).fill('a') },
  ]) {
    expect(fieldsAtFault(address)).toEqual(['profile.shipping_address']);
  }
});
