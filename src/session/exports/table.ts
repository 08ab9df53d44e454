/** One column of a table that is exported: all of a table's are equally long. */
export type ExportColumn =
  | { readonly name: string; readonly kind: "number"; readonly values: Float64Array }
  | {
      readonly name: string;
      readonly kind: "integer";
      readonly values: Int32Array;
      /** A value that stands for none. */
      readonly missing?: number;
    }
  | {
      readonly name: string;
      readonly kind: "text";
      /** Which of the texts each row has. */
      readonly index: Uint32Array;
      readonly texts: readonly string[];
    };

export interface ExportTable {
  readonly rowCount: number;
  readonly columns: readonly ExportColumn[];
}

export function numberColumn<T>(name: string, rows: readonly T[], of: (row: T) => number): ExportColumn {
  return { name, kind: "number", values: Float64Array.from(rows, of) };
}

export function integerColumn<T>(
  name: string,
  rows: readonly T[],
  of: (row: T) => number,
  missing?: number,
): ExportColumn {
  const values = Int32Array.from(rows, of);
  return { name, kind: "integer", values, ...(missing === undefined ? {} : { missing }) };
}

export function textColumn<T>(name: string, rows: readonly T[], of: (row: T) => string): ExportColumn {
  const numbers = new Map<string, number>();
  const index = Uint32Array.from(rows, (row) => {
    const text = of(row);
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
  return { name, kind: "text", index, texts: [...numbers.keys()] };
}
