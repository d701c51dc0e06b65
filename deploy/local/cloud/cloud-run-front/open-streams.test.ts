import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { beforeEach, expect, it } from 'vitest';
import { type AdvanceableClock, createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { OpenStreams } from './open-streams.ts';

let clock: AdvanceableClock;
let streams: OpenStreams;

beforeEach(() => {
  clock = createManualClock();
  streams = new OpenStreams(clock);
});

/** A request; its result ends it. */
function open(): () => void {
  const stream = new EventEmitter();
  streams.add(stream as ServerHttp2Stream);
  return () => void stream.emit('close');
}

/** Whether a wait for quiet is over. */
function quiet(): () => Promise<boolean> {
  let over = false;
  void streams.quiet(500, 10_000).then(() => {
    over = true;
  });
  return async () => {
    await new Promise(setImmediate);
    return over;
  };
}

it('is quiet when nobody has called for a moment', async () => {
  const isOver = quiet();
  clock.advance(499);
  expect(await isOver()).toBe(false);
  clock.advance(1);
  expect(await isOver()).toBe(true);
});

it('waits for requests that are open, and for a moment after each', async () => {
  const [endFirst, isOver] = [open(), quiet()];
  clock.advance(5_000);
  endFirst();
  clock.advance(499);
  const endSecond = open();
  clock.advance(499);
  endSecond();
  clock.advance(499);
  expect(await isOver()).toBe(false);
  clock.advance(1);
  expect(await isOver()).toBe(true);
});

it('waits no longer than it was told', async () => {
  open();
  const isOver = quiet();
  clock.advance(9_999);
  expect(await isOver()).toBe(false);
  clock.advance(1);
  expect(await isOver()).toBe(true);
});
