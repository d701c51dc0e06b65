/** Why images cannot be built, or containers not run, on this machine: what happened and what to do. */
export class ImagesError extends Error {
  override readonly name = 'ImagesError';
}
