import type { run_v1 } from '@googleapis/run';
import type { Workload } from './workloads.ts';

/** Why a manifest would let in whom it should not, each with the annotation at fault. Empty where it is as closed as its workload allows. */
export function exposureFaults(workload: Workload, manifest: run_v1.Schema$Service): string[] {
  const { name } = workload;
  const annotations = manifest.metadata?.annotations ?? {};
  const ingress = annotations['run.googleapis.com/ingress'];
  const faults: string[] = [];
  if (workload.kind === 'control-plane') {
    if (ingress !== 'all') faults.push(`${name}: run.googleapis.com/ingress ${ingress ?? '(missing)'} keeps operators out; expected all`);
  } else if (ingress === undefined || ingress === 'all') {
    faults.push(
      `${name}: run.googleapis.com/ingress ${ingress ?? '(missing)'} would open its run.app URL to the internet; expected internal`,
    );
  } else if (ingress !== 'internal' && !(workload.kind === 'gateway' && workload.role === 'edge')) {
    faults.push(`${name}: run.googleapis.com/ingress ${ingress} is for the edge gateway only; expected internal`);
  }
  if (workload.kind !== 'gateway' && annotations['run.googleapis.com/invoker-iam-disabled'] === 'true') {
    faults.push(
      `${name}: run.googleapis.com/invoker-iam-disabled is for the gateways, which verify tokens themselves: a service trusts Cloud Run's check`,
    );
  }
  return faults;
}
