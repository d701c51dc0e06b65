import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorReasons } from '../deploy/error-catalogue.ts';
import { registerAsOperator } from '../deploy/local/demo/partner-client.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { collectProtos } from '../sdk/build-protos.ts';
import { buildTypescript, typescriptFolder } from '../sdk/build-typescript.ts';
import { followDay } from './partner-day.ts';
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
});

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

test("the example follows a partner's day", { timeout: 240_000 }, async () => {
  const { endpoints } = stage.platform;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  writeFileSync(join(project, 'key.json'), JSON.stringify(await exportJWK(privateKey)));
  const operator = await devToken(endpoints, 'operator', operatorEmail);
  await registerAsOperator(endpoints.edge, operator, 'tanaka', await exportJWK(publicKey));

  const output = await followDay(endpoints, process.execPath, ['partner-day.ts', endpoints.edge, 'tanaka', 'key.json', '2'], project);
  expect(output.match(/^shipped +orders\/\S+ to Kyoto$/gm)).toHaveLength(2);
  expect(output).toMatch(/^closed +deals\/\S+, with 2 orders on their way$/m);
});

const python = findPython();
/** CI makes an environment with what the example needs. */
const required = process.env['KUMIKO_PYTHON'] !== undefined;
const missing = python === undefined && !required;
const title = "the Python example follows a partner's day, with stubs from the collected protos";

test.skipIf(missing)(
  missing ? `${title} (skipped: no Python with sdk/python/requirements.txt; KUMIKO_PYTHON may name one)` : title,
  { timeout: 180_000 },
  async () => {
    const { endpoints } = stage.platform;
    const folder = join(project, 'python');
    cpSync(join(root, 'sdk/python'), folder, { recursive: true });
    cpSync(collectProtos(), join(folder, 'protos'), { recursive: true });
    const stubs = "-m grpc_tools.protoc -I protos --python_out=. --grpc_python_out=. $(find protos -name '*.proto')";
    execFileSync('bash', ['-c', `"$0" ${stubs}`, python!], { cwd: folder });
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    writeFileSync(join(folder, 'key.pem'), await exportPKCS8(privateKey));
    await registerAsOperator(endpoints.edge, await devToken(endpoints, 'operator', operatorEmail), 'suzuki', await exportJWK(publicKey));
    const output = await followDay(endpoints, python!, ['partner_day.py', endpoints.edge, 'suzuki', 'key.pem', '2'], folder);
    expect(output.match(/^shipped +orders\/\S+ to Kyoto$/gm)).toHaveLength(2);
    expect(output).toMatch(/^closed +deals\/\S+$/m);
  },
);

/** A Python that has what the example needs. */
function findPython(): string | undefined {
  return [process.env['KUMIKO_PYTHON'], 'python3'].find(
    (command) => command !== undefined && spawnSync(command, ['-c', 'import grpc, grpc_tools, jwt, cryptography']).status === 0,
  );
}

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
