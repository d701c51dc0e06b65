import { Config } from '@pulumi/pulumi';
import { parseEnvironment } from '../environments/environment.ts';
import { createPlatform } from './platform.ts';

/** The stack's outputs. The configuration is what `npm run render` has written to infra/Pulumi.yaml. */
export const { apiAddress, egressAddress, workloadIdentityProvider } = createPlatform(
  parseEnvironment(new Config().requireObject('environment'), "the stack's configuration"),
);
