import type { ProtectCall, Variable } from "./symbols.ts";
import type { TypeInfo } from "./type-info.ts";

const CALLEE = "VELOC_Mem_protect";
/** Variables that compilers make themselves, for arrays of computed length and loops over ranges. */
const COMPILERS_OWN = /^__(?:vla_expr|range|begin|end)\d*$/;
const HOLDS_ADDRESSES =
  "it holds addresses, which mean the same after a restart only if what they point to lies where it lay before";

/** The call that protects a variable of C or C++. */
export function cProtectCall(variable: Variable, id: number, pointedBytes: number | undefined): ProtectCall {
  const { name, type } = variable;
  if (COMPILERS_OWN.test(name)) {
    return advice(
      `${name} is the compiler's own and has no name in the source: a restart must come to this place by itself.`,
    );
  }
  if (!type) return advice(`the type of ${name} is not known: protect it with its address and size.`);
  return callFor(name, type, id, pointedBytes);
}

function callFor(name: string, type: TypeInfo, id: number, pointedBytes: number | undefined): ProtectCall {
  switch (type.kind) {
    case "base":
    case "enum":
    case "function":
      return call(id, `&${name}`, "1", sizeOf(type, name));
    case "array":
      return arrayCall(name, type, id);
    case "record":
      return recordCall(name, type, id);
    case "pointer":
      if (type.isReference && type.target) return callFor(name, type.target, id, pointedBytes);
      return pointerCall(name, type.target, type, id, pointedBytes);
    case "object":
      return advice(`${name} is no variable of C or C++.`);
  }
}

function arrayCall(name: string, type: TypeInfo, id: number): ProtectCall {
  const counts: number[] = [];
  let element: TypeInfo | undefined = type;
  while (element?.kind === "array") {
    // Only the program knows how long it is.
    if (element.count === undefined) return call(id, name, "1", `sizeof ${name}`);
    counts.push(element.count);
    element = element.element;
  }
  if (!element) return call(id, name, "1", `sizeof ${name}`);
  const first = `${name}${"[0]".repeat(counts.length)}`;
  return call(id, name, counts.join(" * "), sizeOf(element, first), cautionOf(element));
}

function recordCall(name: string, type: TypeInfo, id: number): ProtectCall {
  const container =
    /^std::(vector|basic_string)</.exec(type.name)?.[1] ?? (type.name === "std::string" ? "basic_string" : undefined);
  if (container !== undefined && !type.name.startsWith("std::vector<bool")) {
    const element = container === "vector" ? firstTarget(type) : undefined;
    const size = container === "vector" ? sizeOf(element, `${name}[0]`) : `sizeof(${name}[0])`;
    const caution = "it must have its size when this is called, and be protected again whenever it grows or shrinks";
    return call(id, `${name}.data()`, `${name}.size()`, size, caution);
  }
  const hasAddresses = holdsAddresses(type);
  if (type.name.startsWith("std::") && hasAddresses) {
    return advice(
      `${name} is a ${type.name.replace(/<.*$/s, "")}, which keeps its contents in blocks of its own that a restart does not restore: keep them in an array or a struct, and protect that.`,
    );
  }
  return call(id, `&${name}`, "1", sizeOf(type, name), hasAddresses ? HOLDS_ADDRESSES : undefined);
}

function pointerCall(
  name: string,
  target: TypeInfo | undefined,
  pointer: TypeInfo,
  id: number,
  pointedBytes: number | undefined,
): ProtectCall {
  if (name === "this") return call(id, "this", "1", "sizeof(*this)", target && cautionOf(target));
  if (pointedBytes === undefined) {
    // What points to a function is its number in the module's table, the same in every run.
    const caution =
      target?.kind === "function" ? undefined : `it saves the address alone, not what it points to; ${HOLDS_ADDRESSES}`;
    return call(id, `&${name}`, "1", sizeOf(pointer, name), caution);
  }
  const size = target?.sizeBytes ?? 0;
  if (!target || size === 0 || pointedBytes % size !== 0)
    return call(id, name, String(pointedBytes), "1", target && cautionOf(target));
  return call(id, name, String(pointedBytes / size), sizeOf(target, `*${name}`), cautionOf(target));
}

/** `sizeof(int)`; of a type without a name that can be written, `sizeof` what is of the type. */
function sizeOf(type: TypeInfo | undefined, expression: string): string {
  const name = type?.name ?? "";
  // Local classes, lambdas and the like have names that cannot be written.
  const canBeWritten = name !== "" && !/[({]/.test(name.replaceAll("(*)", ""));
  return canBeWritten ? `sizeof(${name})` : `sizeof(${expression})`;
}

function cautionOf(type: TypeInfo): string | undefined {
  return holdsAddresses(type) ? HOLDS_ADDRESSES : undefined;
}

/** Types nest less deeply than this; malformed ones may contain themselves. */
const MAX_DEPTH = 32;

/** Whether something of this type contains addresses of data; those of functions and of tables of virtual functions stay. */
function holdsAddresses(type: TypeInfo | undefined, depth = 0): boolean {
  if (!type || depth > MAX_DEPTH) return false;
  if (type.kind === "pointer") return type.target?.kind !== "function";
  if (type.kind === "array") return holdsAddresses(type.element, depth + 1);
  if (type.kind !== "record") return false;
  return type.members.some((member) => !member.name.startsWith("_vptr") && holdsAddresses(member.type, depth + 1));
}

/** What the first pointer in a record points to: the elements of a vector. */
function firstTarget(type: TypeInfo | undefined, depth = 0): TypeInfo | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (type?.kind === "pointer") return type.target;
  if (type?.kind !== "record") return undefined;
  for (const member of type.members) {
    const target = firstTarget(member.type, depth + 1);
    if (target) return target;
  }
  return undefined;
}

function call(id: number, address: string, count: string, size: string, caution?: string): ProtectCall {
  return { kind: "call", text: `${CALLEE}(${id}, ${address}, ${count}, ${size})`, callee: CALLEE, caution };
}

function advice(text: string): ProtectCall {
  return { kind: "advice", text };
}
