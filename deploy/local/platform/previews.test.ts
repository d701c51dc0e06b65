import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { endpointsOf } from './endpoints.ts';
import { choosePorts, freePortPair, portNames } from './ports.ts';
import { PreviewError } from './preview-error.ts';
import { checkedTarget, type PreviewTarget, parsePreviews, parseTraffic, placePreviews, previewPortNames } from './previews.ts';

test('each --preview names a service and a tag', () => {
  expect(parsePreviews(['partner=pr-123', 'job=pr-7'])).toEqual([
    { service: 'partner', tag: 'pr-123' },
    { service: 'job', tag: 'pr-7' },
  ]);
});

test.each([
  'partner',
  'partner=',
  '=pr-1',
  'partner=PR-1',
  'partner=1',
  'edge=pr-1',
  'partner=pr-1=2',
  'partner=pr-',
  `partner=${'a'.repeat(47)}`,
])('--preview %s is refused with an example', (text) => {
  expect(() => parsePreviews([text])).toThrow(PreviewError);
  expect(() => parsePreviews([text])).toThrow(`--preview is "${text}"`);
  expect(() => parsePreviews([text])).toThrow(`${serviceNames[0]}=pr-123`);
});

test('a preview is started once', () => {
  expect(() => parsePreviews(['partner=pr-1', 'partner=pr-1'])).toThrow('--preview partner=pr-1 stands twice');
});

test('previews listen behind all other ports, and are listed with the IAM check in front of them', async () => {
  const targets = parsePreviews(['partner=pr-123', 'job=pr-7']);
  const ports = await choosePorts(0, previewPortNames(targets));
  const previews = placePreviews(targets, ports);
  const end = ports.edge + portNames.length;
  expect(previews.map(({ port, containerPort }) => [port, containerPort])).toEqual([
    [end, end + 1],
    [end + 2, end + 3],
  ]);
  expect(endpointsOf(ports, previews).previews).toEqual({
    'partner-pr-123': `http://127.0.0.1:${end}`,
    'job-pr-7': `http://127.0.0.1:${end + 2}`,
  });
});

test('a preview of a running platform finds two ports behind all others that nobody has', async () => {
  const ports = await choosePorts(0);
  const end = Math.max(...Object.values(ports)) + 1;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(end + 1, '127.0.0.1', resolve));
  const [first, second] = await freePortPair(ports, new Set([end]));
  server.close();
  expect(first).toBeGreaterThan(end + 1);
  expect(second).toBeGreaterThan(first);
});

test.each<[PreviewTarget, string]>([
  [{ service: 'nope', tag: 'pr-1' }, `there is no service "nope": there are ${serviceNames.join(', ')}`],
  [{ service: serviceNames[0]!, tag: 'PR-1' }, '"PR-1" is no tag'],
  [{ service: serviceNames[0]!, tag: 'pr-' }, '"pr-" is no tag'],
  [{ service: serviceNames[0]!, tag: 'a'.repeat(47) }, 'up to 46 lower-case letters'],
  [{ service: serviceNames[0]!, tag: '../x' }, '"../x" is no tag'],
])('a target that Cloud Run would not take is refused: %j', (target, message) => {
  expect(() => checkedTarget(target)).toThrow(PreviewError);
  expect(() => checkedTarget(target)).toThrow(message);
});

test('reads shares of traffic, for previews that there are', () => {
  const previews = parsePreviews(['partner=v2', 'partner=v3', 'customer=v2']);
  expect(parseTraffic(['partner=v2:10', 'partner=v3:90', 'customer=v2:0'], previews)).toEqual([
    { service: 'partner', tag: 'v2', percent: 10 },
    { service: 'partner', tag: 'v3', percent: 90 },
    { service: 'customer', tag: 'v2', percent: 0 },
  ]);
  for (const [text, message] of [
    ['partner=v2', 'a preview and its percent'],
    ['partner=v2:101', 'a preview and its percent'],
    ['partner=v2:-1', 'a preview and its percent'],
    ['partner=v9:10', 'begin with it by --preview partner=v9'],
  ] as const)
    expect(() => parseTraffic([text], previews)).toThrow(message);
  expect(() => parseTraffic(['partner=v2:60', 'partner=v3:60'], previews)).toThrow('previews of partner 120 percent');
});
