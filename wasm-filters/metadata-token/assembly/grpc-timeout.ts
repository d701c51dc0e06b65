/** Milliseconds of a `grpc-timeout` header such as "300m" (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), or -1 where it is none. */
export function grpcTimeoutMs(text: string): f64 {
  const digits = text.length - 1;
  if (digits < 1 || digits > 8) return -1;
  let value: f64 = 0;
  for (let i = 0; i < digits; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x30 || c > 0x39) return -1;
    value = value * 10 + (c - 0x30);
  }
  const unit = unitMs(text.charCodeAt(digits));
  return unit < 0 ? -1 : value * unit;
}

function unitMs(c: i32): f64 {
  if (c == 0x48) return 3_600_000; // H
  if (c == 0x4d) return 60_000; // M
  if (c == 0x53) return 1_000; // S
  if (c == 0x6d) return 1; // m
  if (c == 0x75) return 1e-3; // u
  return c == 0x6e ? 1e-6 : -1; // n
}
