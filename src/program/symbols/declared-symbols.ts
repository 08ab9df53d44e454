import type { ModuleNames } from "../lines/name-section.ts";
import type { Declarations, DeclaredClass, TypeKey } from "./declarations.ts";
import type { LocalVariable, OffsetRange, WasmGlobalVariable } from "./symbols.ts";
import type { Member, TypeInfo } from "./type-info.ts";

/** What a compiler's declarations and a module's names tell of variables together. */
export interface DeclaredSymbols {
  readonly locals: readonly LocalVariable[];
  readonly wasmGlobals: readonly WasmGlobalVariable[];
  readonly classes: ReadonlyMap<number, TypeInfo>;
}

const POINTER_BYTES = 4;
/** Sizes of AssemblyScript's number types by name. */
const NUMBER_BYTES: Readonly<Record<string, number>> = {
  ...{ bool: 1, i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, i64: 8, u64: 8, f32: 4, f64: 8, v128: 16 },
  ...{ isize: POINTER_BYTES, usize: POINTER_BYTES },
};

const NONE: Declarations = { classes: [], globals: [], functions: [] };

/**
 * Variables that are locals and globals of WebAssembly, by their names in the module; with type and line where the
 * compiler told them.
 * @param ranges of each function's code
 * @param show the name under which a file that the compiler names goes
 */
export function declaredSymbols(
  names: ModuleNames,
  declarations: Declarations = NONE,
  ranges: ReadonlyMap<number, OffsetRange>,
  show: (file: string) => string,
): DeclaredSymbols {
  const types = declaredTypes(declarations.classes);
  const globals = new Map(declarations.globals.map((one) => [one.key, one]));
  const functions = new Map(declarations.functions.map((one) => [one.key, one]));

  const wasmGlobals = [...names.globals].map(([globalIndex, key]): WasmGlobalVariable => {
    const declared = globals.get(key);
    const type = declared && types.byKey(declared.type);
    const place = declared ? { file: show(declared.file), line: declared.line } : { file: "", line: 0 };
    return { globalIndex, name: declared?.name ?? key, ...place, sizeBytes: type?.sizeBytes ?? 0, type, scope: "" };
  });
  const locals = [...names.locals].flatMap(([functionIndex, ofFunction]) => {
    const functionKey = names.functions.get(functionIndex) ?? "";
    const declared = functions.get(functionKey);
    const declaredLocals = new Map(declared?.locals.map((one) => [one.key, one]));
    const range = ranges.get(functionIndex);
    return [...ofFunction].flatMap(([localIndex, key]): readonly LocalVariable[] => {
      if (/^\d*$/.test(key)) return []; // the compiler's own, for the steps of a computation
      const local = declaredLocals.get(key);
      const type = local && types.byKey(local.type);
      return [
        {
          ...{ functionIndex, localIndex, name: local?.name ?? key.replace(/\|\d+$/, "") },
          ...{ file: declared ? show(declared.file) : "", line: local?.line ?? 0 },
          ...{ sizeBytes: type?.sizeBytes ?? 0, type, scope: declared?.name ?? functionKey },
          ranges: range ? [range] : [],
        },
      ];
    });
  });
  return { locals, wasmGlobals, classes: types.byId };
}

function declaredTypes(classes: readonly DeclaredClass[]): {
  byKey(key: TypeKey): TypeInfo | undefined;
  readonly byId: ReadonlyMap<number, TypeInfo>;
} {
  const variables = new Map<TypeKey, TypeInfo>();
  const byId = new Map<number, TypeInfo>();
  const byKey = (key: TypeKey): TypeInfo | undefined => {
    const bytes = NUMBER_BYTES[key];
    return bytes === undefined ? variables.get(key) : { kind: "base", name: key, sizeBytes: bytes };
  };
  for (const declared of classes) {
    const { name, classId, element } = declared;
    let made: readonly Member[] | undefined;
    const members = (): readonly Member[] => {
      made ??= declared.fields.map((field) => ({
        ...{ name: field.name, offsetBytes: field.offsetBytes, type: byKey(field.type), bits: undefined },
      }));
      return made;
    };
    if (classId === undefined) {
      const target: TypeInfo = {
        ...{ kind: "record", name, sizeBytes: declared.sizeBytes, isUnion: false },
        get members() {
          return members();
        },
      };
      variables.set(declared.key, { kind: "pointer", name, sizeBytes: POINTER_BYTES, isReference: false, target });
    } else {
      const type: TypeInfo = {
        ...{ kind: "object", name, sizeBytes: POINTER_BYTES, classId },
        get members() {
          return members();
        },
        get element() {
          return element === undefined ? undefined : byKey(element);
        },
      };
      variables.set(declared.key, type);
      byId.set(classId, type);
    }
  }
  return { byKey, byId };
}
