let held = '';
let listening = false;

/** Writes to standard output once for each turn of the event loop: a system call for each request's line is felt. What is held goes out at exit. */
export function writeToStandardOutput(line: string): void {
  if (held === '') setImmediate(flush);
  held += line;
  if (listening) return;
  listening = true;
  process.on('exit', flush);
}

function flush(): void {
  if (held === '') return;
  const lines = held;
  held = '';
  process.stdout.write(lines);
}
