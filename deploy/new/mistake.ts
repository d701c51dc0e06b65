/** What cannot be made here: something that exists, something that is not there. Told without a stack trace. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
}

/** A command line that means nothing, whatever the product has. Told with the usage. */
export class UsageError extends Refusal {
  override readonly name = 'UsageError';
}
