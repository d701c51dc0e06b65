// The part of the WebAssembly JavaScript interface that is used here; the types of Node leave it to the DOM's.
declare namespace WebAssembly {
  type Module = object;
  const Module: {
    imports(module: Module): readonly { readonly module: string; readonly name: string }[];
    exports(module: Module): readonly { readonly name: string }[];
  };
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class RuntimeError extends Error {}
  function compile(code: Uint8Array): Promise<Module>;
}
