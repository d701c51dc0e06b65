import { type Environment, readEnvironment } from '../environments/environment.ts';
import { PreviewCommandError } from './preview-command-error.ts';

/** Reads an environment whose pull requests get previews. @throws {PreviewCommandError} where they get none. */
export function environmentWithPreviews(name: string): Environment {
  const environment = readEnvironment(name);
  if (!environment.github.previews)
    throw new PreviewCommandError(`deploy/environments/${name}.yaml has no previews: github.previews is false`);
  return environment;
}
