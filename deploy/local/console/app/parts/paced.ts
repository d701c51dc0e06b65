/** The share of the time that work takes at most. */
const share = 0.05;
/** Work is not done more often than this, however short it is. */
const leastMs = 500;

/** Work that is asked for again and again. */
interface Paced {
  /** Has the work done: at once, or when its time has come, once for all that ask until then. */
  ask(): void;
  /** Nothing is done from now on. */
  close(): void;
}

/** Keeps work that follows what happens from taking more than a twentieth of the time, so that a page that is looked at costs the platform next to nothing under load. */
export function paced(work: () => Promise<unknown>): Paced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let wanted = false;
  let isClosed = false;
  const run = async () => {
    wanted = false;
    busy = true;
    const startedAt = performance.now();
    await work().catch(() => {});
    if (isClosed) return;
    timer = setTimeout(
      () => {
        busy = false;
        if (wanted) void run();
      },
      Math.max(leastMs, (performance.now() - startedAt) / share),
    );
  };
  return {
    ask() {
      wanted = true;
      if (!busy && !isClosed) void run();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
