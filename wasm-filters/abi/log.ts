import { proxy_log } from "./host";
import { addressOf, utf8 } from "./memory";

function log(level: u32, message: string): void {
  const bytes = utf8(message);
  proxy_log(level, addressOf(bytes), bytes.byteLength);
}

export function logInfo(message: string): void { log(2, message); }
export function logWarn(message: string): void { log(3, message); }
export function logError(message: string): void { log(4, message); }

/** Replaces `env.abort`, which no proxy has. A trap is the end of this VM: say why first. */
export function onAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "abort" : message;
  const where = file === null ? "?" : file;
  log(5, what + " at " + where + ":" + line.toString() + ":" + column.toString());
  unreachable();
}
