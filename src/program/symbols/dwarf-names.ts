import { Attribute, Tag } from "./dwarf-constants.ts";
import { chainOf, type Entries, type Entry, numberOf, textOf } from "./dwarf-entries.ts";

/** Numbers of the languages that put `struct` before a name of one (DWARF 5, section 7.12; clang 17 on knows C17). */
const C_LANGUAGES: readonly number[] = [0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x3e];

export function isC(entry: Entry): boolean {
  return C_LANGUAGES.includes(numberOf(entry.unit.root, Attribute.language) ?? 0);
}

/** A name as source can write it from anywhere: `struct point`, `ns::Shape::made`; empty where there is none. */
export function qualifiedName(entries: Entries, entry: Entry): string {
  const chain = chainOf(entries, entry);
  const name = chain.map((one) => textOf(one, Attribute.name)).find((text) => text !== undefined);
  if (name === undefined) return "";
  if (isC(entry)) return `${keyword(entry.tag)}${name}`;
  const scopes: string[] = [];
  // The last of the chain is what stands in the class or namespace.
  for (let scope = chain[chain.length - 1].parent; scope; scope = scope.parent) {
    if (scope.tag === Tag.subprogram || scope.tag === Tag.lexicalBlock) break;
    const isScope =
      scope.tag === Tag.namespace ||
      scope.tag === Tag.structureType ||
      scope.tag === Tag.classType ||
      scope.tag === Tag.unionType ||
      scope.tag === Tag.enumerationType;
    if (scope.attributes.has(Attribute.exportSymbols)) continue; // an inline namespace, such as the library's version
    const text = isScope ? textOf(scope, Attribute.name) : undefined;
    if (text) scopes.unshift(text);
  }
  return [...scopes, name].join("::").replaceAll(/\bstd::__\d+::/g, "std::");
}

function keyword(tag: number): string {
  if (tag === Tag.structureType) return "struct ";
  if (tag === Tag.unionType) return "union ";
  return tag === Tag.enumerationType ? "enum " : "";
}
