import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorReasons } from '../deploy/error-catalogue.ts';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { registerAsOperator } from '../deploy/local/demo/partner-client.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { buildTypescript, typescriptFolder } from '../sdk/build-typescript.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();
const root = join(import.meta.dirname, '..');
/** A project of a partner's: it has the package, and nothing of this repository. */
const project = mkdtempSync(join(tmpdir(), 'kumiko-partner-'));

beforeAll(async () => {
  const tarball = buildTypescript(await errorReasons());
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'kumiko-api'), { recursive: true });
  // As npm install does, but for the network.
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'kumiko-api')]);
  for (const name of ['@bufbuild', '@connectrpc', 'jose']) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  cpSync(join(root, 'sdk/example/partner-day.ts'), join(project, 'partner-day.ts'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
}, 120_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('the package has what its manifest says, and nothing of other services', () => {
  const { name, dependencies } = JSON.parse(readFileSync(join(typescriptFolder, 'package.json'), 'utf8')) as {
    name: string;
    dependencies: Record<string, string>;
  };
  expect(name).toBe('kumiko-api');
  expect(Object.values(dependencies).every((version) => /^\d/.test(version))).toBe(true);
  const files = execFileSync('find', [join(project, 'node_modules/kumiko-api'), '-name', '*.js'], { encoding: 'utf8' });
  expect(files).toContain('partner_pb.js');
  expect(files).not.toMatch(/internal_pb|job|event_pb/);
});

test("the example follows a partner's day", { timeout: 120_000 }, async () => {
  const { endpoints } = stage.platform;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  writeFileSync(join(project, 'key.json'), JSON.stringify(await exportJWK(privateKey)));
  const operator = await devToken(endpoints, 'operator', operatorEmail);
  await registerAsOperator(endpoints.edge, operator, 'tanaka', await exportJWK(publicKey));

  const day = spawn(process.execPath, ['partner-day.ts', endpoints.edge, 'tanaka', 'key.json', '2'], { cwd: project });
  let output = '';
  for (const stream of [day.stdout, day.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(day, 'exit');
  try {
    const seen = () => Promise.resolve(/on sale +(deals\/\S+)/.exec(output)?.[1]);
    const deal = (await eventually(seen, (name) => name !== undefined || day.exitCode !== null)) ?? '';
    expect(output).toContain('on sale');
    const [opener, joiner] = await Promise.all(['hana', 'ren'].map((name) => CustomerApp.signIn(name, endpoints)));
    await Promise.all([opener!.setAddress('1-2 Shiokoji-cho'), joiner!.setAddress('3-4 Karasuma-dori')]);
    await eventually(
      () => opener!.deals(),
      (deals) => deals.some(({ name }) => name === deal),
    );
    const opened = await opener!.openGroup(deal);
    const joined = await joiner!.joinGroup(opened.group.name);
    await Promise.all([opener!.pay(opened.payment), joiner!.pay(joined.payment)]);
    expect(await ended, output).toEqual([0, null]);
    expect(output.match(/^shipped +orders\/\S+ to Kyoto$/gm)).toHaveLength(2);
    expect(output).toMatch(/^closed +deals\/\S+, with 2 orders on their way$/m);
  } finally {
    day.kill();
  }
});

test('a typed reason, a field at fault, and an exchange that is refused', async () => {
  const { edge } = stage.platform.endpoints;
  const script = `
    import { createClient } from '@connectrpc/connect';
    import { generateKeyPair } from 'jose';
    import { apiError, apiTransport, partnerTokens } from 'kumiko-api';
    import { CustomerService } from 'kumiko-api/kumiko/customer/v1/customer_pb';
    import { PartnerService } from 'kumiko-api/kumiko/partner/v1/partner_pb';
    const baseUrl = ${JSON.stringify(edge)};
    const tokens = (token) => ({ token: async () => token, refuse() {} });
    const partner = createClient(PartnerService, apiTransport({ baseUrl, tokens: tokens(process.argv[2]) }));
    const told = async (call) => { try { return await call; } catch (error) { const { code, reason, fieldViolations } = apiError(error); return { code, reason, fields: fieldViolations.map(({ field }) => field) }; } };
    const { privateKey } = await generateKeyPair('ES256');
    const stranger = partnerTokens({ baseUrl, partner: 'nobody', algorithm: 'ES256', privateKey, keyId: 'x' });
    console.log(JSON.stringify([
      (await createClient(CustomerService, apiTransport({ baseUrl })).listDeals({})).deals.length,
      await told(partner.getDeal({ name: 'deals/none' })),
      await told(partner.getDeal({ name: 'nothing' })),
      await stranger.token().catch((error) => error.message),
    ]));`;
  writeFileSync(join(project, 'told.ts'), script);
  const token = await devToken(stage.platform.endpoints, 'partner', 'acme');
  const { stdout } = await promisify(execFile)(process.execPath, ['told.ts', token], { cwd: project });
  expect(JSON.parse(stdout)).toEqual([
    2,
    { code: 5, reason: 'NOT_FOUND', fields: [] },
    { code: 3, reason: 'INVALID_ARGUMENT', fields: ['name'] },
    expect.stringMatching(/^no token for nobody: HTTP 401 invalid_client/),
  ]);
});
