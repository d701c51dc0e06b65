/** What is the same in each schema that has it, such as an outbox: made once for each, because its SQL texts are made with it. */
export function perSchema<T>(make: (schema: string) => T): (schema: string) => T {
  const made = new Map<string, T>();
  return (schema) => {
    const known = made.get(schema);
    if (known !== undefined) return known;
    const fresh = make(schema);
    made.set(schema, fresh);
    return fresh;
  };
}
