import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { exportJWK, generateKeyPair, importJWK, jwtVerify } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { openSigningKeys } from './signing-keys.ts';
import { writeSigningKey } from './tests/identity-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'kumiko-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));

const claims = { iss: 'https://partner.kumiko.example', aud: 'edge', sub: 'acme', iat: 1_800_000_000, exp: 1_800_000_900, jti: 'x' };

function written(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return pathToFileURL(file).href;
}

test('the first key signs, and all are published in their order', async () => {
  const keys = openSigningKeys([await writeSigningKey(directory, 'RS256'), await writeSigningKey(directory, 'ES256')]);
  const published = (await keys.all()).map(({ publicJwk }) => publicJwk);
  expect(published.map(({ alg }) => alg)).toEqual(['RS256', 'ES256']);
  const token = await (await keys.current()).sign(claims);
  const verified = await jwtVerify(token, await importJWK(published[0]!), { currentDate: new Date(claims.iat * 1000) });
  expect(verified).toMatchObject({ payload: claims, protectedHeader: { alg: 'RS256', kid: published[0]!['kid'] } });
});

test('a key that cannot be read is looked for again', async () => {
  const name = await writeSigningKey(directory, 'ES256');
  const missing = `${name}.later`;
  const keys = openSigningKeys([missing]);
  await expect(keys.current()).rejects.toThrow('ENOENT');
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  writeFileSync(fileURLToPath(missing), JSON.stringify(await exportJWK(privateKey)));
  expect((await keys.current()).publicJwk['alg']).toBe('ES256');
});

test('what is wrong with a key file is told without what stands in it', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
  const fault = async (name: string) => {
    const error: Error = await openSigningKeys([name])
      .current()
      .then(
        () => expect.fail('it was read'),
        (error) => error,
      );
    expect(String(error.cause ?? '')).toBe('');
    return error.message;
  };
  expect(await fault(written('half.jwk.json', '{"d":"secret'))).toMatch(/half\.jwk\.json holds no JSON Web Key$/);
  expect(await fault(written('public.jwk.json', JSON.stringify(await exportJWK(publicKey))))).toMatch(
    /holds no private key, RSA or EC with P-256$/,
  );
  expect(await fault(written('other.jwk.json', JSON.stringify(await exportJWK(privateKey))))).toMatch(
    /holds no private key, RSA or EC with P-256$/,
  );
});
