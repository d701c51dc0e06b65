import { describe, expect, it } from 'vitest';
import { serviceNames } from '../../../../services/platform/contracts/services.ts';
import { manifestOf } from '../../../environments/manifests.ts';
import { choosePorts } from '../../platform/ports.ts';
import { secretOf } from '../../platform/secrets.ts';
import { serviceEnvironment } from '../../platform/service-environment.ts';
import { settingsOf } from './settings.ts';

const secrets = { root: 'planted-root', partnerKeyFile: '/tmp/partner.jwk.json' };
const ports = await choosePorts(0);
const planted = ['payment-provider-key', 'carrier-key', 'inventory-key', 'payment-webhook', 'carrier-webhook'].map((name) =>
  secretOf(secrets, name),
);

describe.each(serviceNames)('the settings of %s', (service) => {
  const rows = settingsOf(service, serviceEnvironment(service, ports, secrets));

  it('name each variable of its manifest that has a value here, and where production has it from', () => {
    const own = rows.filter(({ from }) => from === `services/${service}/manifest.ts`);
    const here = serviceEnvironment(service, ports, secrets);
    expect(own.map(({ name }) => name).toSorted()).toEqual(
      Object.keys(manifestOf(service).variables)
        .filter((name) => name in here)
        .toSorted(),
    );
    expect(own.every(({ production }) => production !== '')).toBe(true);
    expect(rows.find(({ name }) => name === 'SPANNER_EMULATOR_HOST')?.value).toBe(`127.0.0.1:${ports.spanner}`);
  });

  it('show no secret', () => {
    const shown = JSON.stringify(rows);
    for (const one of planted) expect(shown).not.toContain(one);
  });
});

it('what a service keeps secret is there, and masked', () => {
  const rows = serviceNames.flatMap((service) => settingsOf(service, serviceEnvironment(service, ports, secrets)));
  expect(rows.filter(({ value }) => value === '[masked]').length).toBeGreaterThan(1);
  expect(planted.some((one) => JSON.stringify(serviceNames.map((name) => serviceEnvironment(name, ports, secrets))).includes(one))).toBe(
    true,
  );
});
