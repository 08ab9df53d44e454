import type { TypeInfo } from "../../program/symbols/type-info.ts";
import type { ByteRange } from "./byte-ranges.ts";

/** A part of a variable that has a name. */
export interface MemberPart extends ByteRange {
  /** `.wound`; empty for the whole. */
  readonly path: string;
}

/** The innermost member of a struct or object that contains all of these bytes. What is in an array is not told apart. */
export function memberOf(type: TypeInfo | undefined, sizeBytes: number, { start, end }: ByteRange): MemberPart {
  const part = { path: "", start: 0, end: sizeBytes };
  for (let inner = type; inner?.kind === "record" || inner?.kind === "object"; ) {
    const from = part.start;
    const found = inner.members.filter(
      ({ offsetBytes, type: own, bits }) =>
        bits === undefined && start >= from + offsetBytes && end <= from + offsetBytes + (own?.sizeBytes ?? 0),
    );
    if (found.length !== 1) break;
    const [{ name, offsetBytes, type: own }] = found;
    part.start += offsetBytes;
    part.end = part.start + (own?.sizeBytes ?? 0);
    if (name !== "" && !name.startsWith("_")) part.path += `.${name}`;
    // What a field refers to is not in it.
    inner = own?.kind === "object" ? undefined : own;
  }
  return part;
}
