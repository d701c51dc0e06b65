import type { CustomResourceOptions } from '@pulumi/pulumi';
import type { Environment } from '../environments/environment.ts';

/** What every part of the platform is created with. */
export interface Context {
  readonly environment: Environment;
  /** Nothing is created before the APIs are enabled. */
  readonly options: CustomResourceOptions;
}
