/** What an error of the system or of gRPC is known by, such as "ENOENT" or 5; undefined where something else was thrown. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
