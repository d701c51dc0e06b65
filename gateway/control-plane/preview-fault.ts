/** A preview whose cluster no Envoy is to see; its message says what is wrong. */
export class PreviewFault extends Error {
  override readonly name = 'PreviewFault';
}
