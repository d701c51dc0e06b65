// Replaced by the wasm part.
export {};
