// What the host gives us lies in memory that it got from `malloc`. It belongs to us: copied into a garbage-collected object, it is freed at once.

/** Where the host writes a pointer and a size. One pair is enough: no call of ours needs two results at a time. */
const slot = memory.data(16, 8);

export function slotPointer(): usize { return slot; }
export function slotSize(): usize { return slot + 4; }

/** The host allocates through this. */
export function malloc(size: usize): usize {
  return heap.alloc(size);
}

/** Address of the value that the last host call returned. Valid until `releaseResult`. */
// @ts-ignore: decorator
@inline
export function resultPointer(): usize { return load<u32>(slot); }

/** Size in bytes of the value that the last host call returned. */
// @ts-ignore: decorator
@inline
export function resultSize(): i32 { return load<i32>(slot + 4); }

export function releaseResult(): void {
  const pointer = resultPointer();
  if (pointer != 0) heap.free(pointer);
}

/** The last host call's value as text. Bytes that are no UTF-8 come out as some other text; nothing traps. */
export function takeText(): string {
  const size = resultSize();
  const text = size > 0 ? String.UTF8.decodeUnsafe(resultPointer(), size) : "";
  releaseResult();
  return text;
}

/** UTF-8 of a text, to be handed to the host as pointer and byteLength. */
export function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

// @ts-ignore: decorator
@inline
export function addressOf(bytes: ArrayBuffer): usize { return changetype<usize>(bytes); }
