import { assemblyScriptProtectCall } from "./protect-call-assemblyscript.ts";
import { cProtectCall } from "./protect-call-c.ts";
import type { ProtectCall, Variable } from "./symbols.ts";

/** See `SymbolTable.protectCall`. @param language the program's; a module compiled elsewhere speaks C where it speaks DWARF */
export function protectCall(
  language: "c" | "assemblyscript",
  variable: Variable,
  id: number,
  pointedBytes: number | undefined,
): ProtectCall {
  return language === "assemblyscript"
    ? assemblyScriptProtectCall(variable, id, pointedBytes)
    : cProtectCall(variable, id, pointedBytes);
}
