import { proxy_define_metric, proxy_increment_metric, proxy_record_metric } from "./host";
import { addressOf, slotPointer, utf8 } from "./memory";

function define(type: u32, name: string): u32 {
  const bytes = utf8(name);
  proxy_define_metric(type, addressOf(bytes), bytes.byteLength, slotPointer());
  return load<u32>(slotPointer());
}

/** A metric that only grows. */
export class Counter {
  private id: u32;
  constructor(name: string) { this.id = define(0, name); }
  increment(): void { proxy_increment_metric(this.id, 1); }
}

/** A metric that is set. */
export class Gauge {
  private id: u32;
  constructor(name: string) { this.id = define(1, name); }
  record(value: i64): void { proxy_record_metric(this.id, value); }
}
