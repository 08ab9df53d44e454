/**
 * What AssemblyScript's compiler knows of a program's declarations when it has compiled it; the module itself keeps names
 * only. Plain data, to be kept beside the module.
 */
export interface Declarations {
  readonly classes: readonly DeclaredClass[];
  readonly globals: readonly DeclaredGlobal[];
  readonly functions: readonly DeclaredFunction[];
}

/** A class with its type arguments filled in. */
export interface DeclaredClass {
  /** The compiler's own, unique: `order-book/Order`. */
  readonly key: string;
  /** As source writes it: `Order`, `StaticArray<f64>`. */
  readonly name: string;
  /** The number in the headers of its objects; undefined of an unmanaged class. */
  readonly classId: number | undefined;
  /** Of an object's fields together. */
  readonly sizeBytes: number;
  readonly fields: readonly DeclaredField[];
  /** Of what can be indexed: the type of its elements. */
  readonly element: TypeKey | undefined;
}

export interface DeclaredField {
  readonly name: string;
  readonly offsetBytes: number;
  readonly type: TypeKey;
}

/** A class's key, or a number type's name such as `i32`. */
export type TypeKey = string;

/** A variable outside of functions, a static field: a global of the module. */
export interface DeclaredGlobal {
  /** The global's name in the module: `kv/values`. */
  readonly key: string;
  readonly name: string;
  /** As the compiler calls the file. */
  readonly file: string;
  readonly line: number;
  readonly type: TypeKey;
}

export interface DeclaredFunction {
  /** The function's name in the module: `kv/operate`. */
  readonly key: string;
  readonly name: string;
  readonly file: string;
  readonly locals: readonly DeclaredLocal[];
}

export interface DeclaredLocal {
  /** The local's name in the module: `i`, or `i|5` where it is not the first of that name. */
  readonly key: string;
  readonly name: string;
  /** 0 where it is not known which declaration it comes from. */
  readonly line: number;
  readonly type: TypeKey;
}
