import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { type ConfigError, loadConfig } from '../platform/chassis/process/config.ts';
import { shapeOf } from '../platform/chassis/process/manifest.ts';
import { serviceNames } from '../platform/contracts/services.ts';
import { manifest } from './manifest.ts';

const config = shapeOf(manifest);

const env = {
  SERVICE_URLS: JSON.stringify(Object.fromEntries(serviceNames.map((name) => [name, `https://${name}.example`]))),
  JOBS_GATEWAY_URL: 'https://jobs.example',
  TASKS_LOCATION: 'asia-northeast1',
  INVENTORY_URL: 'https://inventory.example',
  INVENTORY_KEY: 'the-key',
};

test('Cloud Tasks is Google’s unless an endpoint is named', () => {
  expect(loadConfig(config, env).CLOUD_TASKS_ENDPOINT).toBeUndefined();
  expect(loadConfig(config, { ...env, CLOUD_TASKS_ENDPOINT: '127.0.0.1:8123' }).CLOUD_TASKS_ENDPOINT).toBe('127.0.0.1:8123');
});

test('there are no previews unless a control plane tells of them', () => {
  expect(loadConfig(config, env).CONTROL_PLANE_URL).toBeUndefined();
  expect(loadConfig(config, { ...env, CONTROL_PLANE_URL: 'https://control-plane.example' }).CONTROL_PLANE_URL).toBe(
    'https://control-plane.example',
  );
  expect(() => loadConfig(config, { ...env, CONTROL_PLANE_URL: 'control-plane' })).toThrow('CONTROL_PLANE_URL');
});

test('every fault is named at once', () => {
  const faulty = { SERVICE_URLS: '{"customer":"customer:80"}', CLOUD_TASKS_ENDPOINT: 'http://x:1', INVENTORY_KEY: '' };
  const names = ['SERVICE_URLS', 'JOBS_GATEWAY_URL', 'TASKS_LOCATION', 'CLOUD_TASKS_ENDPOINT', 'INVENTORY_URL', 'INVENTORY_KEY'];
  let faults: readonly string[] = [];
  try {
    loadConfig(config, faulty);
  } catch (error) {
    faults = (error as ConfigError).faults;
  }
  expect(faults.map((fault) => fault.split(' ')[0])).toEqual(names);
});

test('the key does not show itself', () => {
  expect(inspect(loadConfig(config, env))).not.toContain('the-key');
});
