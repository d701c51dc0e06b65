/** Key-value pairs that the VMs with one vmId share, with compare-and-set. */
export class SharedData {
  readonly #entries = new Map<string, { value: Buffer; cas: number }>();
  #nextCas = 1;

  get(key: string): { readonly value: Buffer; readonly cas: number } | undefined {
    return this.#entries.get(key);
  }

  /** False where `cas` is not 0 and the entry has another one. */
  set(key: string, value: Buffer, cas: number): boolean {
    const entry = this.#entries.get(key);
    if (cas !== 0 && entry !== undefined && entry.cas !== cas) return false;
    this.#entries.set(key, { value, cas: this.#nextCas++ });
    return true;
  }
}
