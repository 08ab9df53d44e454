import type { Diagnostic } from "../program.ts";

const TYPE = String.raw`(?:(?:const|unsigned|signed|long|short|struct)\s+)*\w+`;
/** `malloc(sizeof(double *) * n`, and the type in it. */
const CALL = new RegExp(
  String.raw`(?:\bstd\s*::\s*)?\b(?:malloc|calloc|realloc|reallocarray|aligned_alloc)\s*\([^;{}]*?\bsizeof\s*\(\s*(${TYPE})\s*\*\s*\)`,
  "g",
);
/** What may stand before the call and say what it allocates. */
const CAST = new RegExp(String.raw`\(\s*(${TYPE})\s*\*\s*\)\s*$|\b\w+_cast\s*<\s*(${TYPE})\s*\*\s*>\s*\(\s*$`);
const DECLARED = new RegExp(String.raw`\b(${TYPE})\s*\*\s*\w+\s*=\s*$`);
const ASSIGNED = /(?<![\w.>*\])]\s*)\b(\w+)\s*=\s*$/;
/** Longest text before a call that is looked at. */
const REACH = 200;

/**
 * Where a source allocates elements of one type and counts them in pointers to it, which have 4 bytes here and 8 on most
 * hosts. Told by the text alone: it sees a cast, a declaration, or an assignment to a name that is declared as a pointer
 * to that type and never as a pointer to such a pointer.
 */
export function pointerCountedAllocations(file: string, text: string): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const match of text.matchAll(CALL)) {
    const [, counted] = match;
    const before = text.slice(Math.max(0, match.index - REACH), match.index);
    const cast = CAST.exec(before);
    const element = cast?.[1] ?? cast?.[2] ?? DECLARED.exec(before)?.[1];
    const assigned = element === undefined ? ASSIGNED.exec(before)?.[1] : undefined;
    // An array of void or char needs no more than its count; in pointers, such a count means pointers.
    if (counted === "void" || counted === "char") continue;
    if (element !== counted && !(assigned !== undefined && isPointerTo(counted, assigned, text))) continue;
    const start = match.index - (cast === null ? 0 : cast[0].length);
    const lines = text.slice(0, start).split("\n");
    found.push({
      severity: "warning",
      file,
      line: lines.length,
      column: (lines.at(-1) ?? "").length + 1,
      message:
        `this allocation counts its elements in sizeof(${counted} *), which is 4 here and 8 on the hosts it fits by chance; ` +
        "the program's allocations get twice the room that they ask for",
    });
  }
  return found;
}

function isPointerTo(type: string, name: string, text: string): boolean {
  const words = type.split(/\s+/).join(String.raw`\s+`);
  const declared = (stars: string) =>
    new RegExp(String.raw`\b${words}\b[^;(){}]*?[^*;(){}]${stars}\s*${name}\b`).test(text);
  return declared(String.raw`\*`) && !declared(String.raw`\*\s*\*`);
}
