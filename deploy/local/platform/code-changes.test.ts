import { describe, expect, it } from 'vitest';
import { concernOf, concernOfAll } from './code-changes.ts';

describe('a change of code concerns', () => {
  it.each([
    ['services/partner/service.ts', ['partner']],
    ['services/partner/domain/deal.ts', ['partner']],
    ['services/partner/service.test.ts', []],
    ['services/partner/tests/partner-world.ts', []],
    ['services/partner/README.md', []],
    ['services/platform/contracts/gen/services.json', []],
    ['gateway/control-plane/changes.ts', ['control-plane']],
    ['gateway/bootstrap/routes/routes.ts', ['edge', 'jobs']],
    ['gateway/bootstrap/golden/local/edge.yaml', []],
    ['deploy/local/cloud/tasks/queue-runner.ts', ['cloud']],
    ['deploy/local/cloud/spanner/sql/statements.ts', ['spanner']],
    ['deploy/local/outside-world/faults.ts', ['cloud']],
    ['deploy/local/console/app/app.css', []],
    ['docs/architecture.md', []],
  ])('%s: %j', (file, processes) => expect(concernOf(file).processes).toEqual(processes));

  it('every service, where the platform below them changes', () => {
    const { processes, build } = concernOf('services/platform/chassis/api/money.ts');
    expect(processes).toEqual(expect.arrayContaining(['customer', 'partner', 'control-plane']));
    expect([processes.includes('edge'), build]).toEqual([false, false]);
  });

  it('the database before its service, where SQL changes', () => {
    expect(concernOf('services/partner/migrations/006-new.sql')).toMatchObject({ migrate: true, processes: ['partner'] });
  });

  it('all that is derived, where a proto changes', () => {
    expect(concernOf('proto/kumiko/partner/v1/partner.proto')).toMatchObject({ build: true, bootstraps: true });
  });

  it('each process once, where several files change', () => {
    const { processes, migrate } = concernOfAll([
      'services/partner/service.ts',
      'services/partner/migrations/006-new.sql',
      'services/job/service.ts',
      'README.md',
    ]);
    expect([processes, migrate]).toEqual([['job', 'partner'], true]);
  });
});
