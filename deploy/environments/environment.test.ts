import { expect, test } from 'vitest';
import { parseGatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { deployedGatewayEnvironment } from './deployed-gateway-environment.ts';
import { type Environment, parseEnvironment, readEnvironment } from './environment.ts';
import { addressesNeeded, addressesOf } from './subnet-size.ts';

type Draft = { -readonly [K in keyof Environment]: Environment[K] } & Record<string, unknown>;

function withChange(change: (draft: Draft) => void): () => Environment {
  const draft = structuredClone(readEnvironment('production')) as Draft;
  change(draft);
  return () => parseEnvironment(draft, 'sample.yaml');
}

test('the sample environment is complete', () => {
  expect(withChange(() => {})).not.toThrow();
});

test.each<[string, (draft: Draft) => void, string]>([
  [
    'a missing value',
    (draft) => delete (draft as Partial<Draft>).region,
    'region: Invalid input: expected string, received undefined; an example: "asia-northeast1"',
  ],
  [
    'a missing part',
    (draft) => delete (draft as Partial<Draft>).spanner,
    'spanner: Invalid input: expected object, received undefined; an example: {"instance":"kumiko"',
  ],
  [
    'a value within a part',
    (draft) => Object.assign(draft.settings['customer']!, { PAYMENT_PROVIDER_URL: 'pay.example' }),
    'settings.customer.PAYMENT_PROVIDER_URL: expected an http:// or https:// URL; an example: "https://api.yamapay.example"',
  ],
  [
    'a value of a variant',
    (draft) => Object.assign(draft.collector, { cpu: 1 }),
    'collector.cpu: Invalid input: expected string, received number; an example: "1"',
  ],
  [
    'a number as text',
    (draft) => Object.assign(draft, { projectNumber: 123456789012 }),
    'projectNumber: Invalid input: expected string, received number; an example: "123456789012"',
  ],
  [
    'an entry of a list',
    (draft) => Object.assign(draft, { alertEmails: ['on-call'] }),
    'alertEmails.0: Invalid email address; an example: ["operator@kumiko.example"]',
  ],
  ['a key that nobody reads', (draft) => Object.assign(draft, { regoin: 'x' }), '(top level): Unrecognized key: "regoin"'],
  [
    'fewer instances at most than at least',
    (draft) => Object.assign(draft.instances['job']!, { min: 21 }),
    'instances.job.min: is above max, 20',
  ],
  [
    'a subnet too small for the instances',
    (draft) => Object.assign(draft.network, { subnetRange: '10.8.0.0/26' }),
    'network.subnetRange: has 60 addresses, and instances.*.max need 384; an example: "10.8.0.0/22"',
  ],
])('%s is refused by its name, with an example', (_case, change, message) => {
  expect(withChange(change)).toThrow(message);
});

test('every fault is named at once', () => {
  const draft = withChange((draft) => Object.assign(draft, { project: 'X', region: 'Y', domain: 'Z' }));
  expect(draft).toThrow(/project: .*\n.*region: .*\n.*domain: /);
});

test('Direct VPC egress takes addresses in blocks of 16, twice while a revision is replaced', () => {
  expect(addressesNeeded([1, 16, 17])).toBe(2 * (16 + 16 + 32));
  expect(addressesOf('10.8.0.0/22')).toBe(1020);
});

test("the gateways' environment that is derived is one that they accept", () => {
  const derived = deployedGatewayEnvironment(readEnvironment('production'));
  expect(parseGatewayEnvironment(derived, 'derived')).toEqual(derived);
});
