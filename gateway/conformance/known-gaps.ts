import type { Fact } from './facts.ts';
import type { Plane } from './planes/plane.ts';

/** Cases that a data plane is known to fail, by name, with the reason. One that starts to pass fails the run until its line is removed. */
export const knownGaps: Readonly<Record<Plane['kind'], Readonly<Record<string, string>>>> = {
  embedded: {},
  // No case has been run on an Envoy yet: what differs there has still to be learnt.
  envoy: {},
};

/** Rows of facts.ts that have fewer than two cases, with the reason. */
export const factsWithoutCases: Readonly<Partial<Record<Fact, string>>> = {
  'wasm.gcp-authn': 'a filter that we do not use: the embedded data plane refuses it, and our own token filter fails closed',
  'hcm.drain': 'draining ends the data plane that other cases run on: gateway/dataplane/connections.test.ts drains one of its own',
  'filters.grpc-web': 'a filter that no bootstrap of ours has; the embedded data plane refuses it',
};
