import type { CallRequest, CallResponse, ScriptedCall } from './scripted-call.ts';

/** What a VM has around it. */
export interface VmHost {
  readonly configuration: Buffer;
  log(level: number, message: string): void;
  /** Told of each call that the filter makes. */
  onHostCall(name: string): void;
  /** The id of a metric. */
  defineMetric(name: string): number;
  /** False where there is no such metric. */
  addToMetric(id: number, difference: bigint): boolean;
  /** Starts a call; or why it cannot start. */
  startCall(request: CallRequest, deliver: (response: CallResponse) => void): ScriptedCall | 'unknown-cluster' | 'no-healthy-host';
}
