import { now } from "../../abi/stream";

/** Spreads refreshes and retries; protects nothing. xorshift64*, seeded by the clock, which differs between VMs. */
export class Random {
  private state: u64 = 0;

  /** Between 0 and 1. */
  chance(): f64 {
    if (this.state == 0) this.state = ((now() * 1e6) as u64) | 1;
    this.state ^= this.state >> 12;
    this.state ^= this.state << 25;
    this.state ^= this.state >> 27;
    return (((this.state * 0x2545f4914f6cdd1d) >> 11) as f64) / 9007199254740992.0;
  }
}
