import { prelude } from './fixture-prelude.ts';

const marker = 'export function proxy_abi_version_0_2_1(): void {}';
const allocate = 'export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }';

interface Compiler {
  compileString(
    sources: Readonly<Record<string, string>>,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ error: Error | null; binary: Uint8Array | null; stderr: { toString(): string } }>;
}

// The compiler's own types declare a global console of their own, and would take the real one from the whole tree: hence no static import.
const compilerModule: string = 'assemblyscript/asc';

/** Compiles AssemblyScript behind the prelude, with the ABI marker and, unless it has one of its own, an allocator. */
export async function compileFixture(source: string): Promise<Uint8Array> {
  const parts = [prelude, source, marker];
  if (!source.includes('proxy_on_memory_allocate')) parts.push(allocate);
  const compiler = (await import(compilerModule)) as Compiler;
  const { error, binary, stderr } = await compiler.compileString(
    { 'input.ts': parts.join('\n') },
    { exportStart: '_initialize', runtime: 'stub', use: ['abort='], optimizeLevel: 0 },
  );
  if (error || !binary) throw new Error(`the fixture does not compile: ${stderr.toString()}`, { cause: error });
  return binary;
}
