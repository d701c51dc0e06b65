import { addressOf } from "../../abi/memory";
import { isTag } from "./tag";

/** A target that no tag can be: the service was asked for in a way that nothing can follow. */
export const NO_TARGET = String.UTF8.encode("-");

/** What a request asks for, by the index of the service in the configuration; null: nothing. */
export class Choice {
  targets: Array<ArrayBuffer | null>;

  constructor(private services: ArrayBuffer[]) {
    this.targets = new Array<ArrayBuffer | null>(services.length).fill(null);
  }

  /** Takes a target in. False where it is no tag. */
  set(service: i32, pointer: usize, size: i32): bool {
    if (!isTag(pointer, size)) {
      this.targets[service] = NO_TARGET;
      return false;
    }
    const target = new ArrayBuffer(size);
    memory.copy(addressOf(target), pointer, size);
    this.targets[service] = target;
    return true;
  }

  /**
   * Takes in "partner=pr-123,job=pr-7". Services that the configuration lacks are passed over, of a service that stands twice the first counts.
   * False where something else stands there, or a target that is no tag.
   */
  parse(pointer: usize, size: i32): bool {
    let good = true;
    const end = pointer + size;
    let start = pointer;
    while (start < end) {
      let stop = start;
      while (stop < end && load<u8>(stop) != 0x2c) stop++;
      if (!this.parseEntry(start, stop)) good = false;
      start = stop + 1;
    }
    return good;
  }

  private parseEntry(start: usize, end: usize): bool {
    let equals = start;
    while (equals < end && load<u8>(equals) != 0x3d) equals++;
    if (equals == end) return false;
    const service = this.find(start, (equals - start) as i32);
    if (service < 0) return isTag(start, (equals - start) as i32);
    if (this.targets[service] !== null) return true;
    return this.set(service, equals + 1, (end - equals - 1) as i32);
  }

  private find(pointer: usize, size: i32): i32 {
    for (let i = 0; i < this.services.length; i++) {
      const name = this.services[i];
      if (name.byteLength == size && memory.compare(addressOf(name), pointer, size) == 0) return i;
    }
    return -1;
  }

  /** As `parse` reads it, without what nothing can follow; null where nothing is left. */
  encode(): ArrayBuffer | null {
    let size = 0;
    for (let i = 0; i < this.targets.length; i++) {
      const target = this.targets[i];
      if (target !== null && target !== NO_TARGET) size += (size > 0 ? 1 : 0) + this.services[i].byteLength + 1 + target.byteLength;
    }
    if (size == 0) return null;
    const result = new ArrayBuffer(size);
    let at = addressOf(result);
    for (let i = 0; i < this.targets.length; i++) {
      const target = this.targets[i];
      if (target === null || target === NO_TARGET) continue;
      if (at != addressOf(result)) store<u8>(at++, 0x2c);
      const name = this.services[i];
      memory.copy(at, addressOf(name), name.byteLength);
      at += name.byteLength;
      store<u8>(at++, 0x3d);
      memory.copy(at, addressOf(target), target.byteLength);
      at += target.byteLength;
    }
    return result;
  }
}
