/** Rows of a block, as a power of two. */
const BLOCK_SHIFT = 8;
const BLOCK_ROWS = 1 << BLOCK_SHIFT;
/** Columns that there is room for at first, as a power of two. */
const FIRST_WIDTH_SHIFT = 4;
const NO_COLUMN = -1;

/** Counts without their zeros: those of entry i are from `start[i]` to `start[i + 1]`, primitives ascending. */
export interface SparseCounts {
  /** All that may be counted, ascending. */
  readonly primitives: Uint16Array;
  readonly start: Uint32Array;
  readonly primitive: Uint16Array;
  readonly count: Float64Array;
}

/**
 * Rows of counts, one for each primitive. Rows that are alike know few of the primitives: a primitive has a column from its
 * first count on. Rows stand in blocks, so that nothing is copied when there are more.
 */
export class CountRows {
  readonly primitiveCount: number;
  readonly #columnOf: Int16Array;
  /** The primitive of each column. */
  readonly #primitives: number[] = [];
  /** The columns, their primitives ascending. */
  #ascending = new Uint16Array(0);
  /** log2 of the places of a row. */
  #widthShift = FIRST_WIDTH_SHIFT;
  #blocks: Float64Array[] = [];
  /** Where the selected row stands. */
  #row = 0;
  #block: Float64Array;
  #base = 0;

  constructor(primitiveCount: number) {
    this.primitiveCount = primitiveCount;
    this.#columnOf = new Int16Array(primitiveCount).fill(NO_COLUMN);
    this.#block = this.#blockOf(0);
  }

  /** The primitives that have a column. */
  get primitives(): readonly number[] {
    return this.#primitives;
  }

  /** Makes a row the one that `add` adds to. */
  select(row: number): void {
    this.#row = row;
    this.#block = this.#blockOf(row);
    this.#base = this.#baseOf(row);
  }

  /** Adds to a count of the selected row. */
  add(primitive: number, count: number): void {
    let column = this.#columnOf[primitive];
    if (column === NO_COLUMN) column = this.#addColumn(primitive);
    this.#block[this.#base + column] += count;
  }

  /** Adds so many times some counts, to any row. */
  addTo(row: number, primitives: Uint16Array, counts: Float64Array, times: number): void {
    for (let i = 0; i < primitives.length; i++)
      if (this.#columnOf[primitives[i]] === NO_COLUMN) this.#addColumn(primitives[i]);
    const block = this.#blockOf(row);
    const base = this.#baseOf(row);
    for (let i = 0; i < primitives.length; i++) block[base + this.#columnOf[primitives[i]]] += times * counts[i];
  }

  /** A count of any row. */
  at(row: number, primitive: number): number {
    const column = this.#columnOf[primitive];
    if (column === NO_COLUMN) return 0;
    return this.#blockOf(row)[this.#baseOf(row) + column];
  }

  /**
   * All counts of a row, by primitive: a copy.
   * @param counts where they go, or new
   */
  row(row: number, counts?: Float64Array): Float64Array {
    const all = counts?.fill(0) ?? new Float64Array(this.primitiveCount);
    const block = this.#blockOf(row);
    const base = this.#baseOf(row);
    for (let column = 0; column < this.#primitives.length; column++)
      all[this.#primitives[column]] = block[base + column];
    return all;
  }

  /** What was added to a row: the primitives whose counts are not what they were, and by how much they differ. */
  added(row: number, before: Float64Array): { readonly primitives: Uint16Array; readonly counts: Float64Array } {
    const block = this.#blockOf(row);
    const base = this.#baseOf(row);
    const all = this.#primitives;
    let length = 0;
    for (let column = 0; column < all.length; column++) if (block[base + column] !== before[all[column]]) length++;
    const primitives = new Uint16Array(length);
    const counts = new Float64Array(length);
    for (let column = 0, i = 0; i < length; column++) {
      const count = block[base + column] - before[all[column]];
      if (count === 0) continue;
      primitives[i] = all[column];
      counts[i++] = count;
    }
    return { primitives, counts };
  }

  /**
   * Writes the counts of a row that are not 0 into columns, from `at` on.
   * @returns where they end
   */
  write(row: number, { primitive, count }: Pick<SparseCounts, "primitive" | "count">, at: number): number {
    const block = this.#blockOf(row);
    const base = this.#baseOf(row);
    const columns = this.#ascending;
    let end = at;
    for (let k = 0; k < columns.length; k++) {
      const value = block[base + columns[k]];
      if (value === 0) continue;
      primitive[end] = this.#primitives[columns[k]];
      count[end++] = value;
    }
    return end;
  }

  #blockOf(row: number): Float64Array {
    return this.#blocks[row >> BLOCK_SHIFT] ?? this.#addBlocks(row);
  }

  /** Blocks up to a row's. */
  #addBlocks(row: number): Float64Array {
    const number = row >> BLOCK_SHIFT;
    while (this.#blocks.length <= number) this.#blocks.push(new Float64Array(BLOCK_ROWS << this.#widthShift));
    return this.#blocks[number];
  }

  /** Where a row begins in its block. */
  #baseOf(row: number): number {
    return (row & (BLOCK_ROWS - 1)) << this.#widthShift;
  }

  #addColumn(primitive: number): number {
    const column = this.#primitives.push(primitive) - 1;
    this.#columnOf[primitive] = column;
    this.#ascending = Uint16Array.from(this.#primitives.keys());
    this.#ascending.sort((a, b) => this.#primitives[a] - this.#primitives[b]);
    if (column === 1 << this.#widthShift) this.#widen();
    return column;
  }

  /** Twice as many places for each row. */
  #widen(): void {
    const width = 1 << this.#widthShift;
    this.#widthShift++;
    this.#blocks = this.#blocks.map((narrow) => {
      const wide = new Float64Array(BLOCK_ROWS << this.#widthShift);
      for (let row = 0; row < BLOCK_ROWS; row++)
        wide.set(narrow.subarray(row * width, (row + 1) * width), row << this.#widthShift);
      return wide;
    });
    this.select(this.#row);
  }
}
