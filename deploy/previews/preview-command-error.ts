/** What was asked for is not done; its message says why. */
export class PreviewCommandError extends Error {
  override readonly name = 'PreviewCommandError';
}
