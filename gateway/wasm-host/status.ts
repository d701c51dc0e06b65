/** What host functions return, proxy-wasm ABI 0.2.1. */
export const Status = {
  Ok: 0,
  NotFound: 1,
  BadArgument: 2,
  SerializationFailure: 3,
  InvalidMemoryAccess: 6,
  CasMismatch: 8,
  InternalFailure: 10,
  Unimplemented: 12,
} as const;
