export { type CallOptions, type Client, type ClientMethod, type ClientOptions, createClient } from './client.ts';
export { ClientError } from './client-error.ts';
export { audienceOf, serviceAccountEmail, triggerWorkload, type Workload } from './identities.ts';
export { describeMethod, listMethods, type Method } from './methods.ts';
export { activeTraceparent } from './traceparent.ts';
export { listTriggers, type Trigger } from './triggers.ts';
