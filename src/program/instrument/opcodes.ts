/**
 * Facts about instructions, by opcode. Prefixed opcodes are `prefix << 8 | opcode`, but for relaxed SIMD, whose opcodes
 * do not fit: they all are `Op.relaxedSimd`.
 * Source: WebAssembly core specification, release 3.0, section 5.4.
 */
export const Op = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  drop: 0x1a,
  select: 0x1b,
  selectTyped: 0x1c,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableGet: 0x25,
  tableSet: 0x26,
  i32Load: 0x28,
  i32Load8S: 0x2c,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i64Load: 0x29,
  f32Load: 0x2a,
  f64Load: 0x2b,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i64Store32: 0x3e,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i64Eqz: 0x50,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32LeS: 0x4c,
  i32GeS: 0x4e,
  i32GeU: 0x4f,
  i32LeU: 0x4d,
  i64GtU: 0x56,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivS: 0x6d,
  i32DivU: 0x6e,
  i32RemU: 0x70,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  i32Rotr: 0x78,
  i64Add: 0x7c,
  i64DivS: 0x7f,
  i64RemU: 0x82,
  f32Sqrt: 0x91,
  f32Div: 0x95,
  f64Sqrt: 0x9f,
  f64Div: 0xa3,
  i64ExtendI32U: 0xad,
  lastOneByte: 0xc4,
  refNull: 0xd0,
  refIsNull: 0xd1,
  refFunc: 0xd2,
  memoryInit: 0xfc08,
  dataDrop: 0xfc09,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  elemDrop: 0xfc0d,
  tableCopy: 0xfc0e,
  tableFill: 0xfc11,
  v128Load: 0xfd00,
  v128Load64Splat: 0xfd0a,
  v128Store: 0xfd0b,
  v128Const: 0xfd0c,
  i8x16Shuffle: 0xfd0d,
  i8x16ExtractLaneS: 0xfd15,
  f64x2ReplaceLane: 0xfd22,
  v128Load8Lane: 0xfd54,
  v128Store8Lane: 0xfd58,
  v128Store64Lane: 0xfd5b,
  v128Load32Zero: 0xfd5c,
  v128Load64Zero: 0xfd5d,
  relaxedSimd: 0xfe00,
} as const;

export const ValueType = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
} as const;
/** Block type without parameters and results. */
export const EMPTY_BLOCK = 0x40;

const storeSizes = [4, 8, 4, 8, 1, 2, 1, 2, 4];
const { i32, i64, f32, f64, v128 } = ValueType;
const storeTypes = [i32, i64, f32, f64, i32, i32, i64, i64, i64];

/** Bytes that a store instruction writes; 0 if it is none. */
export function storeSize(op: number): number {
  if (op >= Op.i32Store && op <= Op.i64Store32) return storeSizes[op - Op.i32Store];
  if (op === Op.v128Store) return 16;
  if (op >= Op.v128Store8Lane && op <= Op.v128Store64Lane) return 1 << (op - Op.v128Store8Lane);
  return 0;
}

const loadSizes = [4, 8, 4, 8, 1, 1, 2, 2, 1, 1, 2, 2, 4, 4];
/** From v128.load to v128.load64_splat. */
const vectorLoadSizes = [16, 8, 8, 8, 8, 8, 8, 1, 2, 4, 8];

/** Bytes that a load instruction reads; 0 if it is none. */
export function loadSize(op: number): number {
  if (op >= Op.i32Load && op <= Op.i64Load32U) return loadSizes[op - Op.i32Load];
  if (op >= Op.v128Load && op <= Op.v128Load64Splat) return vectorLoadSizes[op - Op.v128Load];
  if (op >= Op.v128Load8Lane && op < Op.v128Store8Lane) return 1 << (op - Op.v128Load8Lane);
  if (op === Op.v128Load32Zero) return 4;
  return op === Op.v128Load64Zero ? 8 : 0;
}

/** Type of the value that a store instruction takes. */
export function storeValueType(op: number): number {
  return op <= Op.i64Store32 ? storeTypes[op - Op.i32Store] : v128;
}

export function isBulkWrite(op: number): boolean {
  return op === Op.memoryInit || op === Op.memoryCopy || op === Op.memoryFill;
}

/** Whether the instruction has a memory argument (alignment and offset). */
export function hasMemoryArgument(op: number): boolean {
  if (op >= Op.i32Load && op <= Op.i64Store32) return true;
  if (op < Op.v128Load) return false;
  return (
    op <= Op.v128Store ||
    (op >= Op.v128Load8Lane && op <= Op.v128Store64Lane) ||
    op === Op.v128Load32Zero ||
    op === Op.v128Load64Zero
  );
}

/** Whether a lane index follows the memory argument. */
export function hasLane(op: number): boolean {
  return op >= Op.v128Load8Lane && op <= Op.v128Store64Lane;
}

/** Operands taken * 4 + results given, for one-byte instructions that only work on the stack; 255 for the others. */
export const stackEffects = makeStackEffects();

function makeStackEffects(): Uint8Array {
  const effects = new Uint8Array(256).fill(255);
  const set = (first: number, last: number, pops: number, pushes: number) =>
    effects.fill(pops * 4 + pushes, first, last + 1);
  set(0x01, 0x01, 0, 0);
  set(Op.drop, Op.drop, 1, 0);
  set(Op.select, Op.selectTyped, 3, 1);
  set(Op.globalGet, Op.globalGet, 0, 1);
  set(Op.globalSet, Op.globalSet, 1, 0);
  set(Op.tableGet, Op.tableGet, 1, 1);
  set(Op.tableSet, Op.tableSet, 2, 0);
  set(Op.i32Load, Op.i64Load32U, 1, 1);
  set(Op.i32Store, Op.i64Store32, 2, 0);
  set(Op.memorySize, Op.memorySize, 0, 1);
  set(Op.i64Const, Op.f64Const, 0, 1);
  set(0x45, 0x45, 1, 1); // i32.eqz
  set(0x46, 0x4f, 2, 1);
  set(0x50, 0x50, 1, 1); // i64.eqz
  set(0x51, 0x66, 2, 1);
  set(0x67, 0x69, 1, 1); // i32.clz ctz popcnt
  set(0x6a, 0x78, 2, 1);
  set(0x79, 0x7b, 1, 1); // i64.clz ctz popcnt
  set(0x7c, 0x8a, 2, 1);
  set(0x8b, 0x91, 1, 1); // f32 unary
  set(0x92, 0x98, 2, 1);
  set(0x99, 0x9f, 1, 1); // f64 unary
  set(0xa0, 0xa6, 2, 1);
  set(0xa7, 0xc4, 1, 1); // conversions, sign extension
  set(Op.refNull, Op.refNull, 0, 1);
  set(Op.refIsNull, Op.refIsNull, 1, 1);
  set(Op.refFunc, Op.refFunc, 0, 1);
  return effects;
}

/**
 * Default weights, in the spirit of a simple in-order core: moves and structure cost nothing, a load 2, an integer
 * division 20, a floating-point division or root 12, a call 3, a bulk instruction 10 (and 1 for each 16 bytes, which is
 * counted at run time), anything else 1. Our own choice, not a measurement of any machine.
 */
export function defaultWeight(op: number): number {
  switch (op) {
    case Op.nop:
    case Op.block:
    case Op.loop:
    case Op.else:
    case Op.end:
    case Op.try:
    case Op.tryTable:
    case Op.catch:
    case Op.catchAll:
    case Op.delegate:
    case Op.drop:
    case Op.localGet:
    case Op.localSet:
    case Op.localTee:
    case Op.i32Const:
    case Op.i64Const:
    case Op.f32Const:
    case Op.f64Const:
    case Op.v128Const:
      return 0;
    case Op.call:
    case Op.callIndirect:
    case Op.returnCall:
    case Op.returnCallIndirect:
      return 3;
    case Op.f32Div:
    case Op.f32Sqrt:
    case Op.f64Div:
    case Op.f64Sqrt:
      return 12;
    case Op.memoryInit:
    case Op.memoryCopy:
    case Op.memoryFill:
      return 10;
    default:
      if ((op >= Op.i32DivS && op <= Op.i32RemU) || (op >= Op.i64DivS && op <= Op.i64RemU)) return 20;
      if (op >= Op.i32Load && op <= Op.i64Load32U) return 2;
      if (op >= Op.v128Load && op <= Op.v128Load64Splat) return 2;
      return 1;
  }
}
