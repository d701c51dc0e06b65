import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { deployThere } from './deploy-there.ts';
import { PreviewCommandError } from './preview-command-error.ts';

const docker = async () => 'docker' as const;

/** What gcloud says of a service whose first revision has all the traffic, and another pull request a tag. */
const described = (name: string) =>
  JSON.stringify({
    metadata: { name },
    spec: { template: { spec: { containers: [{ image: 'x' }] } } },
    status: {
      traffic: [
        { revisionName: `${name}-r1`, percent: 100 },
        { revisionName: `${name}-pr-7-x`, tag: 'pr-7' },
      ],
    },
  });

test('the services that were named get a revision with the tag and without traffic, by the manifests of this commit', async () => {
  const ran: string[] = [];
  const manifests: { metadata: { name: string }; spec: { template: { metadata: { name: string } }; traffic: object[] } }[] = [];
  const { tag, suffix, url } = await deployThere(
    'staging',
    123,
    ['partner', 'job'],
    (program, args) => {
      ran.push(`${program} ${args.slice(0, 4).join(' ')}`);
      if (program === 'git') return '1a2b3c4\n';
      if (args[2] === 'describe') return described(args[3]!);
      if (args[2] === 'replace') manifests.push(parse(readFileSync(args[3]!, 'utf8')));
      return '';
    },
    docker,
  );
  expect([tag, url]).toEqual(['pr-123', 'https://staging.kumiko.example']);
  expect(suffix).toMatch(/^pr-123-1a2b3c4-[a-z0-9]+$/);
  expect(suffix.length).toBeLessThanOrEqual(30);
  expect(manifests.map(({ metadata, spec }) => [metadata.name, spec.template.metadata.name, spec.traffic])).toEqual(
    ['partner', 'job'].map((name) => [
      name,
      `${name}-${suffix}`,
      [
        { revisionName: `${name}-r1`, percent: 100 },
        { revisionName: `${name}-pr-7-x`, tag: 'pr-7' },
        { revisionName: `${name}-${suffix}`, tag: 'pr-123' },
      ],
    ]),
  );
  const built = ran.findIndex((line) => line.startsWith('npm run -s images'));
  const pushed = ran.flatMap((line, index) => (line.startsWith('docker push') ? [index] : []));
  expect(pushed).toHaveLength(2);
  expect(pushed.every((index) => index > built)).toBe(true);
  expect(ran.filter((line) => line.includes('replace'))).toHaveLength(2);
});

test('an environment without previews gets none, and nothing is built', async () => {
  const ran: string[] = [];
  const refused = deployThere('production', 1, ['partner'], (program) => String(ran.push(program)), docker);
  await expect(refused).rejects.toThrow(PreviewCommandError);
  expect(ran).toEqual([]);
});
