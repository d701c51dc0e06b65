import { proxy_define_metric, proxy_increment_metric } from "./host";
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

/** A metric that goes up and down. Changed by differences, since all worker threads of a proxy share it. */
export class Gauge {
  private id: u32;
  constructor(name: string) { this.id = define(1, name); }
  add(difference: i64): void { proxy_increment_metric(this.id, difference); }
}
