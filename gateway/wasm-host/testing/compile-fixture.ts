import asc from 'assemblyscript/asc';

const marker = 'export function proxy_abi_version_0_2_1(): void {}';
const malloc = 'export function malloc(size: usize): usize { return heap.alloc(size); }';

/** Compiles AssemblyScript with nothing but what it says and, unless it has its own, the ABI marker and malloc. */
export async function compileFixture(source: string): Promise<Uint8Array> {
  const parts = [source];
  if (!source.includes('proxy_abi_version')) parts.push(marker);
  if (!source.includes('function malloc')) parts.push(malloc);
  const { error, binary, stderr } = await asc.compileString(
    { 'input.ts': parts.join('\n') },
    { exportStart: '_initialize', runtime: 'stub', use: ['abort='], optimizeLevel: 0 },
  );
  if (error || !binary) throw new Error(`the fixture does not compile: ${stderr.toString()}`, { cause: error });
  return binary;
}
