import * as gcp from '@pulumi/gcp';
import { product } from '../../services/platform/contracts/services.ts';
import type { Context } from './context.ts';

/** The repository of the images. Old ones without a tag go; the last ten of each stay to roll back to. */
export function createArtifactRepository({ environment: { project, region }, options }: Context): gcp.artifactregistry.Repository {
  return new gcp.artifactregistry.Repository(
    'images',
    {
      project,
      location: region,
      repositoryId: product,
      format: 'DOCKER',
      dockerConfig: { immutableTags: false },
      cleanupPolicies: [
        { id: 'keep-last', action: 'KEEP', mostRecentVersions: { keepCount: 10 } },
        { id: 'delete-old', action: 'DELETE', condition: { olderThan: '7776000s' } },
      ],
    },
    options,
  );
}
