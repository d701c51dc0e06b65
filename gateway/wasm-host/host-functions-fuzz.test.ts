import { expect, test } from 'vitest';
import { request, runFixture } from './testing/running-plugin.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);

/** Calls every host function with pointers, sizes and numbers that are right, nearly right, or nonsense. */
const source = `
  let state: u32 = ${seed};
  const name = at("x-name");
  const list = changetype<usize>(pairs(["x-a", "1", ":path", "/"]));
  const scratch: usize = heap.alloc(1 << 17);
  function next(): u32 { state = state * 1664525 + 1013904223; return state >> 8; }
  function any(): i32 {
    switch (next() % 12) {
      case 0: return 0;
      case 1: return -1;
      case 2: return out as i32;
      case 3: return next() % 16;
      case 4: return next() % 65536;
      case 5: return i32.MIN_VALUE;
      case 6: return i32.MAX_VALUE;
      case 7: return memory.size() * 65536 - (next() % 8);
      case 8: return name as i32;
      case 9: return 6;
      case 10: return list as i32;
      default: return next() as i32;
    }
  }
  let status = 0;
  function one(): i32 {
    switch (next() % 24) {
      case 0: return log(any(), any(), any());
      case 1: return getProperty(any(), any(), any(), any());
      case 2: return getHeader(any(), any(), any(), any(), any());
      case 3: return replaceHeader(any(), any(), any(), any(), any());
      case 4: return addHeader(any(), any(), any(), any(), any());
      case 5: return removeHeader(any(), any(), any());
      case 6: return getPairs(any(), any(), any());
      case 7: return setPairs(any(), any(), any());
      case 8: return headerSize(any(), any());
      case 9: return getBuffer(any(), any(), any(), any(), any());
      case 10: return httpCall(any(), any(), any(), any(), any(), any(), any(), any(), any(), any());
      case 11: return next() % 50 ? 0 : sendLocalResponse(any(), any(), any(), any(), any(), any(), any(), any());
      case 12: return next() % 50 ? 0 : continueStream(any());
      case 13: return setEffectiveContext(any());
      case 14: return setTickPeriod(any() | 0x40000000);
      case 15: return currentTime(any());
      case 16: return defineMetric(any(), any(), any(), any());
      case 17: return incrementMetric(any(), any());
      case 18: return recordMetric(any(), any());
      case 19: return getMetric(any(), any());
      case 20: return getShared(any(), any(), any(), any(), any());
      case 21: return setShared(any(), any(), any(), any(), any());
      case 22: return foreign(any(), any(), any(), any(), any(), any());
      default: return done() + clock(any(), 0, any());
    }
  }
  export function malloc(size: usize): usize { return scratch; }
  export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
    for (let i = 0; i < 200; i++) { status |= one(); setEffectiveContext(id); }
    return 1;
  }`;

test(`arguments that make no sense get a status, and never harm the host (FUZZ_SEED=${seed})`, async () => {
  const running = await runFixture(source);
  for (let round = 0; round < 100; round++) {
    const { stream, environment } = request(running, { cluster_name: 'customer', n: 1 }, [
      [':path', '/'],
      ['x-name', 'value'],
    ]);
    for (const [name, value] of environment.request.entries()) expect(`${name}${value}`).not.toMatch(/[\r\n\0]/);
    stream.onDone();
  }
  running.plugin.close();
});
