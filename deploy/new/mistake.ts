/** What cannot be made here: something that exists, something that is not there. A command line that means nothing is a UsageError. */
export class Mistake extends Error {
  override readonly name = 'Refusal';
}
