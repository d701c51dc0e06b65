/** What a host function answers (proxy-wasm ABI 0.2.1). */
export const Status = {
  Ok: 0,
  NotFound: 1,
  BadArgument: 2,
  SerializationFailure: 3,
  InvalidMemoryAccess: 6,
  InternalFailure: 10,
} as const;
