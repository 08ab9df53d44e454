import type { ArrayType, Member, TypeInfo } from "./type-info.ts";

/** Types nest less deeply than this; malformed ones may contain themselves. */
const MAX_DEPTH = 64;

/** The path from something of this type to the byte at `offset` in it: `[3].x`; empty where there is none. */
export function memberPath(type: TypeInfo | undefined, offset: number, depth = 0): string {
  if (depth > MAX_DEPTH || offset < 0) return "";
  if (type?.kind === "array") return elementPath(type, offset, depth);
  // What is behind a reference to an object is not in it: the path of an object's field begins at the object.
  if (type?.kind !== "record") return "";
  const found = type.members.filter((member) => contains(member, offset));
  if (found.length !== 1) return named(found.map(({ name }) => name));
  const [member] = found;
  const rest = memberPath(member.type, offset - member.offsetBytes, depth + 1);
  return member.name === "" ? rest : `.${member.name}${rest}`;
}

function elementPath({ element, count }: ArrayType, offset: number, depth: number): string {
  if (!element || element.sizeBytes === 0) return "";
  const index = Math.floor(offset / element.sizeBytes);
  if (count !== undefined && index >= count) return "";
  return `[${index}]${memberPath(element, offset - index * element.sizeBytes, depth + 1)}`;
}

function contains({ offsetBytes, type, bits }: Member, offset: number): boolean {
  if (bits) return 8 * offset + 8 > bits.offset && 8 * offset < bits.offset + bits.size;
  return offset >= offsetBytes && offset < offsetBytes + (type?.sizeBytes ?? 0);
}

/** Members that share a byte beside each other. */
function named(names: readonly string[]): string {
  const shown = names.filter((name) => name !== "");
  return shown.length === 0 ? "" : `.${shown.join("|")}`;
}
