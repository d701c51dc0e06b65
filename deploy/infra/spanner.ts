import * as gcp from '@pulumi/gcp';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { databaseRole } from '../cloud-run/service-environment.ts';
import type { Context } from './context.ts';
import { memberOf, type ServiceAccounts } from './service-accounts.ts';

/**
 * Creates the database with a role for each service. Its tables come with the migrations, and what a role may do with them with
 * spanner/grants.sql after each of them.
 */
export function createSpanner({ environment, options }: Context, accounts: ServiceAccounts): gcp.spanner.Database {
  const { project, spanner } = environment;
  const instance = new gcp.spanner.Instance(
    'spanner',
    {
      project,
      name: spanner.instance,
      displayName: 'Kumiko',
      config: spanner.config,
      processingUnits: spanner.processingUnits,
      edition: spanner.edition,
      // The schedule below takes its place.
      defaultBackupScheduleType: 'NONE',
    },
    { ...options, protect: true },
  );
  const database = new gcp.spanner.Database(
    'database',
    {
      project,
      instance: instance.name,
      name: spanner.database,
      databaseDialect: 'POSTGRESQL',
      // Point-in-time recovery; seven days are the longest.
      versionRetentionPeriod: '7d',
      enableDropProtection: true,
      deletionProtection: true,
      ddls: serviceNames.map((name) => `CREATE ROLE ${databaseRole(name)}`),
    },
    // Migrations go on from here: the provider must neither undo nor replace.
    { protect: true, ignoreChanges: ['ddls'] },
  );
  new gcp.spanner.BackupSchedule('backup', {
    project,
    instance: instance.name,
    database: database.name,
    name: 'daily',
    retentionDuration: `${30 * 24 * 3600}s`,
    spec: { cronSpec: { text: '0 17 * * *' } },
    fullBackupSpec: {},
  });
  for (const name of serviceNames) {
    const common = { project, instance: instance.name, database: database.name, member: memberOf(accounts, name) };
    // Both together let the account in as its role only. https://docs.cloud.google.com/spanner/docs/configure-fgac
    new gcp.spanner.DatabaseIAMMember(`${name}-fine-grained`, { ...common, role: 'roles/spanner.fineGrainedAccessUser' });
    new gcp.spanner.DatabaseIAMMember(`${name}-database-role`, {
      ...common,
      role: 'roles/spanner.databaseRoleUser',
      condition: {
        title: databaseRole(name),
        expression: `resource.type == "spanner.googleapis.com/DatabaseRole" && resource.name.endsWith("/${databaseRole(name)}")`,
      },
    });
  }
  return database;
}
