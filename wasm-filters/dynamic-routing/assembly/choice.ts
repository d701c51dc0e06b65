import { addressOf } from "../../abi/memory";
import { isTag } from "./tag";

/** A target that no tag can be: the service was asked for in a way that nothing can follow. */
export const NO_TARGET = String.UTF8.encode("-");

/** What a request asks for, by the index of the service in the configuration; null: nothing. */
export class Choice {
  targets: Array<ArrayBuffer | null>;
  private encoded: ArrayBuffer | null = null;
  private isEncoded: bool = false;

  constructor(private services: ArrayBuffer[]) {
    this.targets = new Array<ArrayBuffer | null>(services.length).fill(null);
  }

  get isEmpty(): bool {
    for (let i = 0; i < this.targets.length; i++) {
      if (this.targets[i] !== null) return false;
    }
    return true;
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
   * Takes in an object in the ABI's map format: u32 count, the sizes of every name and value, then the texts, each ended by NUL. Whatever is no
   * such thing, because the claim is no object, holds nothing. False where a target is no tag.
   */
  takeObject(pointer: usize, size: i32): bool {
    if (size < 4) return true;
    const count = load<u32>(pointer) as u64;
    const texts = 4 + count * 8;
    if (texts > (size as u64)) return true;
    let good = true;
    let at = texts;
    for (let i: u64 = 0; i < count; i++) {
      const sizes = pointer + 4 + ((i * 8) as usize);
      const nameSize = load<u32>(sizes) as u64;
      const valueSize = load<u32>(sizes, 4) as u64;
      if (at + nameSize + valueSize + 2 > (size as u64)) return good;
      const service = this.find(pointer + (at as usize), nameSize as i32);
      if (service >= 0 && !this.set(service, pointer + ((at + nameSize + 1) as usize), valueSize as i32)) good = false;
      at += nameSize + valueSize + 2;
    }
    return good;
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

  /** As `parse` reads it, without what nothing can follow; null where nothing is left. After the first time nothing more is taken in. */
  encode(): ArrayBuffer | null {
    if (!this.isEncoded) this.encoded = this.join();
    this.isEncoded = true;
    return this.encoded;
  }

  private join(): ArrayBuffer | null {
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
