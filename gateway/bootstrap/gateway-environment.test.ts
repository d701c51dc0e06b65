import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GatewayEnvironmentError, parseGatewayEnvironment, readGatewayEnvironment } from './gateway-environment.ts';
import { environmentFolder } from './golden.ts';

const production = readGatewayEnvironment(join(environmentFolder, 'production.yaml'));

function faultsOf(change: object): readonly string[] {
  try {
    parseGatewayEnvironment({ ...production, ...change }, 'test');
  } catch (error) {
    if (error instanceof GatewayEnvironmentError) return error.faults;
    throw error;
  }
  return [];
}

test('lists every fault at once, each with its path', () => {
  expect(faultsOf({ trustedHops: -1, listener: { host: '0.0.0.0', port: 70_000 }, extra: 1 })).toEqual([
    expect.stringMatching(/^listener\.port: /),
    expect.stringMatching(/^trustedHops: /),
    expect.stringMatching(/extra/),
  ]);
});

test('production takes no plaintext service', () => {
  expect(faultsOf({ services: { ...production.services, job: { url: 'http://job:8080' } } })).toEqual([
    'services.job.url: https:// is required in production',
  ]);
});

test('production takes no plaintext keys', () => {
  const google = { ...production.identity.google, jwksUri: 'http://www.googleapis.com/oauth2/v3/certs' };
  expect(faultsOf({ identity: { ...production.identity, google } })).toEqual([
    'identity.google.jwksUri: https:// is required in production',
  ]);
});

test('production needs a CA file', () => {
  const { trustedCaFile: _, ...rest } = production;
  expect(() => parseGatewayEnvironment(rest, 'test')).toThrow('trustedCaFile: required in production');
});

test('the admin port stays on loopback', () => {
  expect(faultsOf({ admin: { host: '0.0.0.0', port: 9901 } })).toEqual([expect.stringMatching(/^admin\.host: /)]);
});

test('a CORS origin is exact', () => {
  for (const inexact of ['*', 'app.example.com', 'https://app.example.com/', 'https://app.example.com/path', 'ftp://app.example.com']) {
    expect(faultsOf({ corsOrigins: [inexact] })).toEqual(['corsOrigins.0: must be an origin such as "https://app.example.com"']);
  }
});

test('previews are told by a control plane, over TLS in production', () => {
  const controlPlane = 'https://control-plane-1234567890-an.a.run.app';
  expect(faultsOf({ previews: { controlPlane } })).toEqual([]);
  expect(faultsOf({ previews: { controlPlane: 'http://control-plane' } })).toEqual([
    'previews.controlPlane: https:// is required in production',
  ]);
  expect(faultsOf({ previews: { strict: true } })).toEqual([expect.stringMatching(/^previews\.controlPlane: /)]);
  expect(faultsOf({ previews: [] })).toEqual([expect.stringMatching(/^previews: /)]);
});
