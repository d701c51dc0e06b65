import { expect, test } from 'vitest';
import type { Client } from './client.ts';
import { followPreview } from './follow-preview.ts';
import { PartnerInternalService } from './gen/types/kumiko/partner/v1/internal_pb.js';
import { withPreview } from './preview.ts';

type PartnerClient = Client<typeof PartnerInternalService>;

function clients() {
  const calls: string[] = [];
  const client = (name: string) =>
    ({ applyEvent: async () => void calls.push(name), close: () => void calls.push(`${name} closed`) }) as unknown as PartnerClient;
  return { calls, partner: followPreview(PartnerInternalService, 'partner', client('default'), new Map([['pr-1', client('pr-1')]])) };
}

test('work of a preview calls the preview of that service, where there is one', async () => {
  const { calls, partner } = clients();
  for (const choice of ['partner=pr-1', 'partner=pr-2', 'customer=pr-1', 'customer=pr-1,partner=pr-1', undefined])
    await withPreview(choice, () => partner.applyEvent({}));
  expect(calls).toEqual(['pr-1', 'default', 'default', 'pr-1', 'default']);
});

test('all connections are closed', () => {
  const { calls, partner } = clients();
  partner.close();
  expect(calls).toEqual(['default closed', 'pr-1 closed']);
});
