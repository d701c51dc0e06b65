import type { Call, Caller, CallerKind } from '../server/call.ts';

/**
 * The caller of a method whose access option lets one kind of callers through.
 *
 * @throws {Error} for another kind: the handler and the proto disagree, which no caller can cause.
 */
export function requireCaller<K extends CallerKind>(call: Call, kind: K): Extract<Caller, { kind: K }> {
  const { caller } = call;
  if (!isOfKind(caller, kind)) throw new Error(`${call.method.toString()} expects a ${kind} and was called by a ${caller.kind}`);
  return caller;
}

function isOfKind<K extends CallerKind>(caller: Caller, kind: K): caller is Extract<Caller, { kind: K }> {
  return caller.kind === kind;
}
