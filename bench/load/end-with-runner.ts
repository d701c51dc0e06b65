/**
 * Ends something of another process when this one ends before it was stopped in order: an error, Ctrl-C, a signal.
 *
 * @param end must not wait: the process is about to exit.
 * @returns what to call once it is stopped in order.
 */
export function endWithRunner(end: () => void): () => void {
  process.on('exit', end);
  return () => void process.off('exit', end);
}
