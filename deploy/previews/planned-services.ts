import { execFileSync } from 'node:child_process';
import { PreviewCommandError } from './preview-command-error.ts';
import { previewPlan } from './preview-plan.ts';

/** The services that differ from a commit. @throws {PreviewCommandError} where git does not know it, or the schema would not do for both. */
export function plannedServices(base: string): readonly string[] {
  const changes = git('diff', '--name-status', '--no-renames', `${base}...HEAD`)
    .split('\n')
    .filter((line) => line !== '');
  const files = changes.map((line) => {
    const [kind = '', path = ''] = line.split('\t');
    return { path, isNew: kind === 'A', text: kind === 'D' ? '' : git('show', `HEAD:${path}`) };
  });
  const { services, faults } = previewPlan(files);
  if (faults.length > 0)
    throw new PreviewCommandError(
      `previews share the database, so a migration only adds:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  return services;
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const why = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new PreviewCommandError(`git ${args[0]} fails: ${why.trim()}`);
  }
}
