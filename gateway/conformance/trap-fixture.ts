/** A plugin that traps where a request has the header "x-trap"; AssemblyScript for compileFixture. Our own filters never do. */
export const trapFixture = `
const name: usize = memory.data<u8>([0x78, 0x2d, 0x74, 0x72, 0x61, 0x70]);
const found: usize = memory.data(8, 8);
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  if (getHeader(0, name, 6, found, found + 4) == 0 && load<u32>(found + 4) > 0) unreachable();
  return 0;
}
`;
