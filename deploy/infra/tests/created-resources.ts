import { runtime } from '@pulumi/pulumi';
import type { MockCallArgs, MockResourceArgs } from '@pulumi/pulumi/runtime/index.js';

/** A resource as the program asked for it. */
export interface Resource {
  /** Such as "gcp:pubsub/topic:Topic". */
  readonly type: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type has inputs of its own, and tests look at few of them
  readonly inputs: any;
}

/** Runs a program against Pulumi's mocks, and returns what it would create. */
export async function createdBy(program: () => unknown): Promise<readonly Resource[]> {
  const created: Resource[] = [];
  const mocks = {
    newResource({ type, name, inputs }: MockResourceArgs) {
      created.push({ type, name, inputs });
      return { id: idOf(type, name, inputs), state: { ...inputs, ...computed(type, name, inputs) } };
    },
    call: ({ inputs }: MockCallArgs) => inputs,
  };
  await runtime.setMocks(mocks, 'kumiko-infra');
  await program();
  // Resources are registered in the background: this waits for the last one.
  await runtime.disconnect();
  return created;
}

/** Resources of a type, such as "Topic". */
export function ofType(resources: readonly Resource[], type: string): readonly Resource[] {
  return resources.filter((resource) => resource.type.endsWith(`:${type}`));
}

function idOf(type: string, name: string, inputs: Record<string, string>): string {
  const kind = type.split(':').at(-1)!;
  if (kind === 'Topic') return `projects/${inputs['project']}/topics/${inputs['name']}`;
  return `${kind}/${inputs['name'] ?? name}`;
}

/** What Google would add. */
function computed(type: string, name: string, inputs: Record<string, string>): Record<string, string> {
  const kind = type.split(':').at(-1)!;
  switch (kind) {
    case 'Account': {
      const email = `${inputs['accountId']}@${inputs['project']}.iam.gserviceaccount.com`;
      return { email, name: `projects/${inputs['project']}/serviceAccounts/${email}` };
    }
    case 'Address':
    case 'GlobalAddress':
      return { address: '203.0.113.7', selfLink: `selfLink/${inputs['name']}` };
    case 'WorkloadIdentityPoolProvider': {
      const { workloadIdentityPoolId: pool, workloadIdentityPoolProviderId: provider } = inputs;
      return { name: `projects/123456789012/locations/global/workloadIdentityPools/${pool}/providers/${provider}` };
    }
    default:
      return { selfLink: `selfLink/${inputs['name'] ?? name}` };
  }
}
