import type { TypeInfo } from "./type-info.ts";

/** A variable of the source. */
export interface Variable {
  /** As source names it from everywhere: `total`, `ns::total`, `Shape::made`. */
  readonly name: string;
  /** Under the name that the program's lines use; empty where unknown. */
  readonly file: string;
  /** Of its declaration, from 1; 0 where unknown. */
  readonly line: number;
  /** 0 where unknown. */
  readonly sizeBytes: number;
  /** Undefined where debug information does not tell it. */
  readonly type: TypeInfo | undefined;
  /** Name of the function that it is declared in (a static one too); empty for what is declared outside functions. */
  readonly scope: string;
}

/** A variable of C or C++ that stays at one place: global, static of a file, static of a function or class. */
export interface GlobalVariable extends Variable {
  readonly address: number;
  /** Whether other sources of the program can name it. */
  readonly isExternal: boolean;
}

/** A parameter or local variable of C or C++ that lies in memory. */
export interface FrameVariable extends Variable {
  /** In the module as its compiler made it, imported functions first. */
  readonly functionIndex: number;
  /** Where the frame is: what this local variable or global of WebAssembly holds while the function runs. */
  readonly frameBase: { readonly kind: "local" | "global"; readonly index: number };
  /** From the frame base, in bytes. */
  readonly offset: number;
  readonly isParameter: boolean;
  /** Where the block that declares it lies, as [start, end) offsets in the module's file. */
  readonly ranges: readonly OffsetRange[];
}

export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

/** A local variable of WebAssembly that holds a variable of the source. */
export interface LocalVariable extends Variable {
  readonly functionIndex: number;
  readonly localIndex: number;
  /** Where it does so, as [start, end) offsets in the module's file. */
  readonly ranges: readonly OffsetRange[];
}

/** A global of WebAssembly that holds a variable of the source. */
export interface WasmGlobalVariable extends Variable {
  readonly globalIndex: number;
}

/** What to write to protect a variable, or why there is nothing to write. */
export type ProtectCall =
  | {
      readonly kind: "call";
      /** An expression, `VELOC_Mem_protect(3, &i, 1, sizeof(int))`; the semicolon is the caller's. */
      readonly text: string;
      /** The function that it calls, as it is imported (AssemblyScript) or declared. */
      readonly callee: string;
      /** One sentence on what the call alone does not do; undefined where it is all that is needed. */
      readonly caution: string | undefined;
    }
  | {
      readonly kind: "advice";
      /** One sentence: why no call will do, and what does. */
      readonly text: string;
    };

/** The variables and types of a program. */
export interface SymbolTable {
  /** In ascending order of their addresses. */
  readonly globals: readonly GlobalVariable[];
  /** The global variable that contains the byte at `address`, and the byte's offset in it. */
  globalAt(address: number): { readonly variable: GlobalVariable; readonly offset: number } | undefined;
  /** Variables in the frames of a function: parameters first, in the order of their declaration. */
  frameVariables(functionIndex: number): readonly FrameVariable[];
  /** The variable that a local of WebAssembly holds, parameters counted first. */
  localName(functionIndex: number, localIndex: number): LocalVariable | undefined;
  /** The variable that a global of WebAssembly holds, imported globals counted first. */
  globalName(globalIndex: number): WasmGlobalVariable | undefined;
  /** AssemblyScript's class with this number in the headers of its objects, as source writes it: `StaticArray<f64>`. */
  className(classId: number): string | undefined;
  /** The class itself; `sizeBytes` are those of an object where all have the same size. */
  classType(classId: number): TypeInfo | undefined;
  /**
   * The path from a variable of this type to the byte at `offset` in it: `""`, `".count"`, `"[3].x"`. Members of a union,
   * and bit-fields that share the byte, stand beside each other: `".whole|real"`.
   */
  member(type: TypeInfo | undefined, offset: number): string;
  /**
   * What to write to protect a variable under `id`.
   * @param pointedBytes of a pointer: the bytes of the block that it points to; the call then protects the block
   */
  protectCall(variable: Variable, id: number, pointedBytes?: number): ProtectCall;
}
