import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect, test } from 'vitest';
import { maxDocumentBytes } from '../../gateway/bootstrap/routes/documents.ts';
import { platformReasons } from '../../services/platform/chassis/errors/error-reasons.ts';
import { documentsFolder } from '../../services/platform/contracts/documents-folder.ts';
import { listMethods } from '../../services/platform/contracts/methods.ts';
import { errorReasons } from '../error-catalogue.ts';
import { goldenFiles, goldenFolder } from './golden.ts';

const files = await goldenFiles();
const stale = 'deploy/openapi/golden is out of date: run "npm run golden"';

// Every rule that the linter recommends, warnings as errors. The API has no licence.
const config = await createConfig({ extends: ['recommended-strict'], rules: { 'info-license': 'off' } });

test('there is a golden file for each audience, and no orphan', () => {
  expect(readdirSync(goldenFolder).sort(), stale).toEqual([...files.keys()].sort());
});

test.each([...files])('%s is what the protos and the reasons make', (name, text) => {
  const file = join(goldenFolder, name);
  expect(existsSync(file) && readFileSync(file, 'utf8') === text, stale).toBe(true);
});

test.each([...files])('%s is what the edge is given, within the room that it has for it', (name, text) => {
  const served = readFileSync(join(documentsFolder, name));
  expect(JSON.parse(served.toString())).toEqual(JSON.parse(text));
  expect(served.length).toBeLessThan(maxDocumentBytes / 4);
});

test.each([...files])('%s is OpenAPI 3.1 as the linter recommends it', async (name, source) => {
  const problems = await lintFromString({ source, absoluteRef: join(goldenFolder, name), config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test("every reason of a service's own is named by one of its methods", async () => {
  const named = new Set(listMethods().flatMap(({ policy }) => policy?.reasons ?? []));
  const own = Object.keys(await errorReasons()).filter((reason) => !(reason in platformReasons));
  expect(own.filter((reason) => !named.has(reason))).toEqual([]);
});

test.each([...files])('every JSON body in %s has an example that keeps the rules', (_name, text) => {
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, { operationId: string; requestBody?: { content: Record<string, { example?: unknown }> } }>>;
  };
  const bodies = Object.values(paths)
    .flatMap((verbs) => Object.values(verbs))
    .flatMap(({ operationId, requestBody }) => {
      const json = requestBody?.content['application/json'];
      return json === undefined ? [] : [[operationId, json.example !== undefined] as const];
    });
  expect(bodies.filter(([, hasExample]) => !hasExample)).toEqual([]);
});
