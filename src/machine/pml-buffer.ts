/** Entries of the processor's page-modification log. */
export const PML_ENTRIES = 512;

/**
 * The page that the processor logs into (Intel SDM 3C, page-modification logging): entries from the last to the first, and an
 * index that points to the next one and leaves the page behind the first. It is looked at before a D bit is set: a full log
 * is an event of its own, and the store has not happened yet.
 */
export class PmlBuffer {
  readonly #entries = new Int32Array(PML_ENTRIES);
  #index = PML_ENTRIES - 1;

  get isFull(): boolean {
    return this.#index < 0;
  }

  push(entry: number): void {
    this.#entries[this.#index--] = entry;
  }

  /** Empties it. @returns its entries as they lie in the page: the latest first */
  drain(): Int32Array {
    const entries = this.#entries.slice(this.#index + 1);
    this.#index = PML_ENTRIES - 1;
    return entries;
  }
}
