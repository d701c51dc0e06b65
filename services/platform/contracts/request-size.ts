/** The largest request message of a method that says nothing of it, in bytes: 1 MiB. */
export const defaultMaxRequestBytes = 1_048_576;
