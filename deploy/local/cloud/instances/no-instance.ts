/** No instance takes the request. Its status is what Cloud Run answers. https://docs.cloud.google.com/run/docs/troubleshooting */
export class NoInstanceError extends Error {
  override readonly name = 'NoInstanceError';
  /** 429: there are as many instances as there may be, and all of them are full. 503: none comes up. */
  readonly status: 429 | 503;

  constructor(status: 429 | 503) {
    super(status === 429 ? 'every instance is full' : 'no instance comes up');
    this.status = status;
  }
}
