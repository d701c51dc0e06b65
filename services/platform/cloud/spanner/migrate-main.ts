/** Applies every service's migrations to the database that the environment names. Exit code 0 when the database is up to date. */
import * as z from 'zod';
import { servicesFolder } from '../../contracts/product-folder.ts';
import { migrate } from './migrate.ts';

const variables = z.object({ GOOGLE_CLOUD_PROJECT: z.string(), SPANNER_INSTANCE: z.string(), SPANNER_DATABASE: z.string() });

const env = variables.safeParse(process.env);
if (!env.success) {
  for (const { path, message } of env.error.issues) process.stderr.write(`${path.join('.')}: ${message}\n`);
  process.exit(1);
}

const applied = await migrate({
  project: env.data.GOOGLE_CLOUD_PROJECT,
  instance: env.data.SPANNER_INSTANCE,
  database: env.data.SPANNER_DATABASE,
  root: servicesFolder,
});
process.stdout.write(`${JSON.stringify({ message: 'migrated', applied })}\n`);
