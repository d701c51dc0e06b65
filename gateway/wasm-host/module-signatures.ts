/** Imported and exported functions of a wasm module with their types, such as "i32,i64->i32". JavaScript's own reflection gives names only. */
export interface ModuleSignatures {
  /** By "module.name". Imports that are not functions have their kind as type ("memory"). */
  readonly imports: ReadonlyMap<string, string>;
  /** By name. Exports that are not functions have their kind as type. */
  readonly exports: ReadonlyMap<string, string>;
}

const valueTypes: Readonly<Record<number, string>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
};
const kinds = ['function', 'table', 'memory', 'global', 'tag'];

/** Reads the sections that hold signatures (WebAssembly core specification, 5.5). The module must be a valid one: compile it first. */
export function moduleSignatures(code: Uint8Array): ModuleSignatures {
  const types: string[] = [];
  const functions: string[] = [];
  const imports = new Map<string, string>();
  const exports = new Map<string, string>();
  const reader = new Reader(code, 8);
  while (!reader.done) {
    const id = reader.byte();
    const end = reader.u32() + reader.offset;
    if (id === 1) reader.vector(() => types.push(functionType(reader)));
    if (id === 2) reader.vector(() => readImport(reader, types, functions, imports));
    if (id === 3) reader.vector(() => functions.push(types[reader.u32()] ?? '?'));
    if (id === 7) {
      reader.vector(() => {
        const name = reader.name();
        const kind = reader.byte();
        const index = reader.u32();
        exports.set(name, kind === 0 ? (functions[index] ?? '?') : (kinds[kind] ?? '?'));
      });
    }
    reader.offset = end;
  }
  return { imports, exports };
}

function functionType(reader: Reader): string {
  if (reader.byte() !== 0x60) throw new Error('the wasm module has a type that is not a plain function');
  const list = (): string => {
    const names: string[] = [];
    reader.vector(() => names.push(valueTypes[reader.byte()] ?? '?'));
    return names.join(',');
  };
  return `${list()}->${list()}`;
}

function readImport(reader: Reader, types: readonly string[], functions: string[], imports: Map<string, string>): void {
  const name = `${reader.name()}.${reader.name()}`;
  const kind = reader.byte();
  if (kind === 0) {
    const type = types[reader.u32()] ?? '?';
    functions.push(type);
    imports.set(name, type);
    return;
  }
  imports.set(name, kinds[kind] ?? '?');
  if (kind === 1) reader.byte();
  if (kind === 1 || kind === 2) {
    const flags = reader.byte();
    reader.u32();
    if (flags & 1) reader.u32();
  } else {
    reader.byte();
    reader.byte();
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  get done(): boolean {
    return this.offset >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.offset++] ?? 0;
  }

  /** LEB128. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  name(): string {
    const length = this.u32();
    this.offset += length;
    return Buffer.from(this.#bytes.subarray(this.offset - length, this.offset)).toString('utf8');
  }

  vector(read: () => void): void {
    for (let count = this.u32(); count > 0; count--) read();
  }
}
