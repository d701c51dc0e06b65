/** A command line that means nothing: its message says what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command is. */
interface Command {
  /** What `--help` prints, and what follows a command line that means nothing. */
  readonly usage: string;
  /** Whether an error is a mistake of whoever runs the command: then it is told without a stack trace. */
  readonly isMistake?: (error: unknown) => boolean;
}

/**
 * Runs a command. `--help` prints the usage; a command line that means nothing is told with it and ends with code 2, another mistake with 1. What nobody
 * expected keeps its stack trace.
 */
export async function runCommand({ usage, isMistake }: Command, main: () => void | Promise<void>): Promise<void> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  try {
    await main();
  } catch (error) {
    if (isUsageError(error)) {
      process.stderr.write(`${error.message}\n\n${usage}\n`);
      process.exitCode = 2;
    } else if (isMistake?.(error)) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}

/** Also those of node:util's parseArgs. */
function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
