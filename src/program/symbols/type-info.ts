/** A type as debug information tells it, typedefs and qualifiers taken off except for the name. */
export type TypeInfo = BaseType | EnumType | PointerType | ArrayType | RecordType | FunctionType | ObjectType;

interface NamedType {
  /** As source would write it where it is seen from everywhere: `struct point`, `real`, `ns::Shape`; empty without a name. */
  readonly name: string;
  /** 0 where unknown: of functions, incomplete types, arrays without bound. */
  readonly sizeBytes: number;
}

/** A number, character or truth value. */
export interface BaseType extends NamedType {
  readonly kind: "base";
}

export interface EnumType extends NamedType {
  readonly kind: "enum";
}

/** A pointer or, in C++, a reference; in AssemblyScript what a variable of an unmanaged class holds, under the name of the class. */
export interface PointerType extends NamedType {
  readonly kind: "pointer";
  readonly isReference: boolean;
  /** Undefined for `void *` and where it is not told. Types may lead back to themselves through it. */
  readonly target: TypeInfo | undefined;
}

/** One dimension of an array; `int grid[2][3]` is an array of 2 arrays of 3. */
export interface ArrayType extends NamedType {
  readonly kind: "array";
  readonly element: TypeInfo | undefined;
  /** Undefined where the program computes it, or does not say it. */
  readonly count: number | undefined;
}

/** A struct, class or union of C and C++, or an unmanaged class of AssemblyScript. */
export interface RecordType extends NamedType {
  readonly kind: "record";
  readonly isUnion: boolean;
  /** In the order of their declaration, base classes included. */
  readonly members: readonly Member[];
}

export interface Member {
  /** Empty for a base class and for an anonymous struct or union, whose members count as members of the whole. */
  readonly name: string;
  readonly offsetBytes: number;
  readonly type: TypeInfo | undefined;
  /** Of a bit-field: its first bit from the start of the record, and its width. */
  readonly bits: { readonly offset: number; readonly size: number } | undefined;
}

export interface FunctionType extends NamedType {
  readonly kind: "function";
}

/** A reference of AssemblyScript to an object that its garbage collector manages; 4 bytes, the address of the object. */
export interface ObjectType extends NamedType {
  readonly kind: "object";
  /** The class's number in the headers of its objects; undefined where it has none. */
  readonly classId: number | undefined;
  /** Its fields, offsets from the address of the object. */
  readonly members: readonly Member[];
  /** Of an array, a typed array or a collection: what its elements are. */
  readonly element: TypeInfo | undefined;
}
