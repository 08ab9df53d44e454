import { Attribute, Tag } from "./dwarf-constants.ts";
import { type Entries, type Entry, expressionOf, numberOf, referred, textOf, tolerantly } from "./dwarf-entries.ts";
import { qualifiedName } from "./dwarf-names.ts";
import type { Member, TypeInfo } from "./type-info.ts";

/** Types by the entries that describe them; each is made once, when it is first asked for. */
export interface DwarfTypes {
  /** The type that an entry has: of a variable, a member, an element. */
  typeOf(entry: Entry): TypeInfo | undefined;
}

const POINTER_BYTES = 4;

export function dwarfTypes(entries: Entries): DwarfTypes {
  const known = new Map<Entry, TypeInfo | undefined>();
  /** Types that are being made: malformed ones may contain themselves. */
  const open = new Set<Entry>();

  const typeOf = (entry: Entry): TypeInfo | undefined => {
    const type = referred(entries, entry, Attribute.type);
    return type && typeAt(type);
  };
  const typeAt = (entry: Entry): TypeInfo | undefined => {
    if (known.has(entry)) return known.get(entry);
    if (open.has(entry)) return undefined;
    open.add(entry);
    const type = make(entry);
    open.delete(entry);
    known.set(entry, type);
    return type;
  };
  const make = (entry: Entry): TypeInfo | undefined => {
    const sizeBytes = numberOf(entry, Attribute.byteSize) ?? 0;
    const name = qualifiedName(entries, entry);
    switch (entry.tag) {
      case Tag.baseType:
        return { kind: "base", name, sizeBytes };
      case Tag.unspecifiedType: // decltype(nullptr)
        return { kind: "base", name, sizeBytes: POINTER_BYTES };
      case Tag.enumerationType:
        return { kind: "enum", name, sizeBytes };
      case Tag.pointerType:
      case Tag.referenceType:
      case Tag.rvalueReferenceType:
        return pointer(entry, sizeBytes || POINTER_BYTES);
      case Tag.pointerToMemberType:
        return { kind: "base", name: "", sizeBytes: sizeBytes || POINTER_BYTES };
      case Tag.subroutineType:
        return { kind: "function", name: "", sizeBytes: 0 };
      case Tag.arrayType:
        return array(entry);
      case Tag.structureType:
      case Tag.classType:
      case Tag.unionType:
        return record(entry, name, sizeBytes);
      case Tag.typedef:
      case Tag.templateAlias: {
        const target = typeOf(entry);
        return target && named(target, name);
      }
      case Tag.constType:
      case Tag.volatileType:
      case Tag.restrictType:
      case Tag.atomicType:
        return typeOf(entry);
      default:
        return undefined;
    }
  };
  const pointer = (entry: Entry, sizeBytes: number): TypeInfo => {
    const isReference = entry.tag !== Tag.pointerType;
    return {
      kind: "pointer",
      sizeBytes,
      isReference,
      // Late, as types lead back to themselves through pointers.
      get target() {
        return typeOf(entry);
      },
      get name() {
        if (!entry.attributes.has(Attribute.type)) return "void *";
        const target = typeOf(entry);
        return target ? pointerTo(target, isReference ? "&" : "*") : "";
      },
    };
  };
  const array = (entry: Entry): TypeInfo => {
    const counts = entry.children
      .filter((child) => child.tag === Tag.subrangeType)
      .map((child) => {
        const bound = numberOf(child, Attribute.upperBound);
        return numberOf(child, Attribute.count) ?? (bound === undefined ? undefined : bound + 1);
      });
    let type = typeOf(entry);
    for (const count of (counts.length === 0 ? [undefined] : counts).reverse()) {
      const element = type;
      type = {
        kind: "array",
        name: element ? arrayOf(element, count) : "",
        sizeBytes: (count ?? 0) * (element?.sizeBytes ?? 0),
        element,
        count,
      };
    }
    return type as TypeInfo;
  };
  const record = (entry: Entry, name: string, sizeBytes: number): TypeInfo => {
    let members: readonly Member[] | undefined;
    return {
      kind: "record",
      name,
      sizeBytes,
      isUnion: entry.tag === Tag.unionType,
      get members() {
        members ??= entry.children.filter(isStoredMember).map(member);
        return members;
      },
    };
  };
  const member = (entry: Entry): Member => {
    const type = typeOf(entry);
    const offsetBytes = memberOffset(entry);
    const size = numberOf(entry, Attribute.bitSize);
    return {
      name: textOf(entry, Attribute.name) ?? "",
      offsetBytes,
      type,
      bits: size === undefined ? undefined : { offset: bitOffset(entry, offsetBytes, size, type), size },
    };
  };
  return { typeOf };
}

/** A member with room in each object: no static one. */
function isStoredMember(entry: Entry): boolean {
  if (entry.tag === Tag.inheritance) return true;
  return (
    entry.tag === Tag.member &&
    !entry.attributes.has(Attribute.external) &&
    !entry.attributes.has(Attribute.declaration)
  );
}

function memberOffset(entry: Entry): number {
  const expression = expressionOf(entry, Attribute.dataMemberLocation);
  if (!expression) return numberOf(entry, Attribute.dataMemberLocation) ?? 0;
  // DWARF 2 says it in an expression: plus_uconst. Virtual base classes compute theirs, which is not followed.
  return tolerantly(() => (expression.u8() === 0x23 ? expression.uleb() : 0)) ?? 0;
}

/** From the start of the record. Up to DWARF 3, bits were counted from the most significant one of the storage unit. */
function bitOffset(entry: Entry, offsetBytes: number, size: number, type: TypeInfo | undefined): number {
  const offset = numberOf(entry, Attribute.dataBitOffset);
  if (offset !== undefined) return offset;
  const unitBytes = numberOf(entry, Attribute.byteSize) ?? type?.sizeBytes ?? 0;
  const fromTop = numberOf(entry, Attribute.bitOffset);
  return 8 * offsetBytes + (fromTop === undefined ? 0 : 8 * unitBytes - fromTop - size);
}

/** A typedef's type. What is made late stays late. */
function named(type: TypeInfo, name: string): TypeInfo {
  const { sizeBytes } = type;
  switch (type.kind) {
    case "pointer":
      return {
        ...{ kind: "pointer", name, sizeBytes, isReference: type.isReference },
        get target() {
          return type.target;
        },
      };
    case "record":
      return {
        ...{ kind: "record", name, sizeBytes, isUnion: type.isUnion },
        get members() {
          return type.members;
        },
      };
    default:
      return { ...type, name };
  }
}

function pointerTo(target: TypeInfo, star: "*" | "&"): string {
  if (target.name === "") return "";
  if (target.kind === "array") return target.name.replace(/ ?(?=\[)/, ` (${star})`);
  const { name } = target;
  return /[*&]$/.test(name) ? `${name}${star}` : `${name} ${star}`;
}

function arrayOf(element: TypeInfo, count: number | undefined): string {
  if (element.name === "") return "";
  const bound = `[${count ?? ""}]`;
  const at = element.kind === "array" ? element.name.indexOf("[") : -1;
  return at < 0 ? `${element.name}${bound}` : `${element.name.slice(0, at)}${bound}${element.name.slice(at)}`;
}
