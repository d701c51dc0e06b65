/** A preview cannot be started or stopped, by a mistake of whoever asks: the message says what is wrong and what to do. */
export class PreviewError extends Error {
  override readonly name = 'PreviewError';
}
