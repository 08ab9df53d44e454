import type { ProtectCall, Variable } from "./symbols.ts";
import type { ObjectType, TypeInfo } from "./type-info.ts";

const VIEWS = new Set(
  ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "Int64", "Uint64", "Float32", "Float64"].map(
    (name) => `${name}Array`,
  ),
);
const IN_MEMORY = "keep it in an element of a StaticArray or a field of an @unmanaged class, and protect that";

/** The call that protects a variable of AssemblyScript, in the forms of the SDK's `veloc.ts`. */
export function assemblyScriptProtectCall(
  { name, type, scope }: Variable,
  id: number,
  pointedBytes: number | undefined,
): ProtectCall {
  if (!type) return advice(`the type of ${name} is not known: protect what it refers to with memProtect.`);
  switch (type.kind) {
    case "object":
      return objectCall(name, type, id);
    case "pointer":
      return pointerCall(name, type.target, id, pointedBytes);
    default: {
      if (pointedBytes !== undefined && type.name === "usize") {
        return call("memProtect", `${id}, ${name}, ${pointedBytes}, 1`);
      }
      const place = scope === "" ? "a global of the WebAssembly module" : "a local variable of the WebAssembly module";
      return advice(`${name} is ${place} and has no address: ${IN_MEMORY}.`);
    }
  }
}

function objectCall(name: string, type: ObjectType, id: number): ProtectCall {
  const { element } = type;
  const base = type.name.replace(/<.*$/s, "");
  const holdsObjects = element?.kind === "object";
  if ((base === "StaticArray" || base === "Array") && holdsObjects) {
    return advice(
      `${name} is an array of objects, which holds addresses: keep indices or plain values instead, and protect those.`,
    );
  }
  if (base === "StaticArray" || base === "ArrayBuffer" || VIEWS.has(base)) return call("protect", `${id}, ${name}`);
  if (base === "DataView") return call("memProtect", `${id}, ${name}.dataStart, ${name}.byteLength, 1`);
  if (base === "Array") {
    return call(
      "protect",
      `${id}, ${name}`,
      "it must have its length when this is called, and be protected again whenever it grows or shrinks",
    );
  }
  if (base === "String")
    return advice(
      `${name} is a string, which is never written but replaced: keep its characters in a StaticArray<u8>, and protect that.`,
    );
  const isLibrary = base === "Map" || base === "Set" || type.members.length === 0;
  if (isLibrary || type.members.some((member) => member.type?.kind === "object")) {
    return advice(
      `${name} is a ${type.name}, which refers to other objects by their addresses: keep what it holds in static arrays of plain values, and protect those.`,
    );
  }
  return call("memProtect", `${id}, changetype<usize>(${name}), 1, offsetof<${type.name}>()`);
}

function pointerCall(
  name: string,
  target: TypeInfo | undefined,
  id: number,
  pointedBytes: number | undefined,
): ProtectCall {
  const size = target?.sizeBytes ?? 0;
  const address = `changetype<usize>(${name})`;
  if (!target || size === 0) return call("memProtect", `${id}, ${address}, ${pointedBytes ?? 0}, 1`);
  if (pointedBytes !== undefined && pointedBytes % size !== 0) {
    return call("memProtect", `${id}, ${address}, ${pointedBytes}, 1`);
  }
  return call("memProtect", `${id}, ${address}, ${(pointedBytes ?? size) / size}, offsetof<${target.name}>()`);
}

function call(callee: string, args: string, caution?: string): ProtectCall {
  return { kind: "call", text: `${callee}(${args})`, callee, caution };
}

function advice(text: string): ProtectCall {
  return { kind: "advice", text };
}
