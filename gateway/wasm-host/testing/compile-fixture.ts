const marker = 'export function proxy_abi_version_0_2_1(): void {}';
const malloc = 'export function malloc(size: usize): usize { return heap.alloc(size); }';

interface Compiler {
  compileString(
    sources: Readonly<Record<string, string>>,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ error: Error | null; binary: Uint8Array | null; stderr: { toString(): string } }>;
}

// The compiler's own types declare a global console of their own, and would take the real one from the whole tree: hence no static import.
const compilerModule: string = 'assemblyscript/asc';

/** Compiles AssemblyScript with nothing but what it says and, unless it has its own, the ABI marker and malloc. */
export async function compileFixture(source: string): Promise<Uint8Array> {
  const parts = [source];
  if (!source.includes('proxy_abi_version')) parts.push(marker);
  if (!source.includes('function malloc')) parts.push(malloc);
  const compiler = (await import(compilerModule)) as Compiler;
  const { error, binary, stderr } = await compiler.compileString(
    { 'input.ts': parts.join('\n') },
    { exportStart: '_initialize', runtime: 'stub', use: ['abort='], optimizeLevel: 0 },
  );
  if (error || !binary) throw new Error(`the fixture does not compile: ${stderr.toString()}`, { cause: error });
  return binary;
}
