import { expect, it } from 'vitest';
import { product } from '../../../../services/platform/contracts/services.ts';
import { listTriggers } from '../../../../services/platform/contracts/triggers.ts';
import type { Span } from '../traces/span.ts';
import { declaredPicture } from './declared-picture.ts';

const picture = declaredPicture({ bank: 4_711 });
const fixed = { trace: 'a', id: 'b', parent: undefined, startUs: 1, endUs: 2, failed: false, links: [] } as const;
const span = (of: Pick<Span, 'service' | 'name' | 'kind' | 'attributes'>): Span => ({ ...fixed, ...of });

it('tells of every trigger which way it has come to the jobs gateway', () => {
  const triggers = listTriggers();
  expect(new Set(triggers.map(({ kind }) => kind))).toEqual(new Set(['subscription', 'queue', 'schedule']));
  for (const trigger of triggers) {
    const source = trigger.kind === 'subscription' ? `topic ${trigger.topic}` : `${trigger.kind} ${trigger.resourceId}`;
    expect(picture.ways).toContain(`${source}>jobs`);
    if (trigger.kind === 'subscription') {
      expect(picture.wayOfSubscription(trigger.resourceId)).toBe(`${source}>jobs`);
      continue;
    }
    const attributes = { 'http.url': `http://127.0.0.1:1${trigger.path}` };
    const way = picture.wayOf(span({ service: `${product}-jobs-gateway`, name: 'ingress', kind: 'server', attributes }));
    expect(way).toBe(`${source}>jobs`);
  }
});

it.each([
  ['a call of an app', { service: `${product}-edge-gateway`, name: 'ingress', kind: 'server', attributes: {} }, 'clients>edge'],
  [
    'a call of the outside world',
    { service: 'customer', name: 'POST', kind: 'client', attributes: { 'server.port': 4_711 } },
    'customer>outside bank',
  ],
  ['a statement', { service: 'customer', name: 'SELECT', kind: 'client', attributes: { 'db.system.name': 'spanner' } }, 'customer>spanner'],
  ['work inside of a service', { service: 'customer', name: 'read', kind: 'internal', attributes: {} }, undefined],
] as const)('knows the way of %s', (_, of, way) => {
  expect(picture.wayOf(span(of))).toBe(way);
});
