import { ByteReader } from "./byte-reader.ts";

/** What entries with one code have in common: their tag, and the form of each attribute. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeForm[];
}

export interface AttributeForm {
  readonly attribute: number;
  readonly form: number;
  /** Of `DW_FORM_implicit_const`. */
  readonly implicit: number;
}

const DW_FORM_IMPLICIT_CONST = 0x21;

/** The table at `offset` of `.debug_abbrev`, by the codes that entries begin with. */
export function readAbbreviations(section: Uint8Array, offset: number): ReadonlyMap<number, Abbreviation> {
  const reader = new ByteReader(section, ".debug_abbrev", offset);
  const table = new Map<number, Abbreviation>();
  for (;;) {
    const code = reader.uleb();
    if (code === 0) return table;
    const tag = reader.uleb();
    const hasChildren = reader.u8() !== 0;
    const attributes: AttributeForm[] = [];
    for (;;) {
      const attribute = reader.uleb();
      const form = reader.uleb();
      const implicit = form === DW_FORM_IMPLICIT_CONST ? reader.sleb() : 0;
      if (attribute === 0 && form === 0) break;
      attributes.push({ attribute, form, implicit });
    }
    table.set(code, { tag, hasChildren, attributes });
  }
}
