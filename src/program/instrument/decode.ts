import { createByteReader } from "./byte-reader.ts";
import { type ModuleOutline, readValueType, unsupported } from "./module-reader.ts";
import { EMPTY_BLOCK, hasLane, hasMemoryArgument, isBulkWrite, Op, storeSize } from "./opcodes.ts";
import type { InstructionWeight } from "./types.ts";

/** A control frame; the function itself is frame 0. */
export interface Frame {
  readonly opcode: number;
  /** Instruction that opens it (-1 for the function). */
  readonly start: number;
  /** Values that a branch to its label carries. */
  readonly labelArity: number;
}

export interface Loop {
  /** Instructions `loop` and its `end`. */
  readonly start: number;
  end: number;
  readonly parent: number;
  innermost: boolean;
  /** Something in it can reach the host other than through a trap: a call, memory.grow, a bulk instruction. */
  reachesHost: boolean;
}

/** A straight-line run: entered at its first instruction, left after its last one. */
export interface Block {
  readonly first: number;
  cycles: number;
  storeCount: number;
  /** The loop whose head it is, or -1. */
  readonly headOf: number;
  /** Innermost loop around it, or -1. */
  readonly loop: number;
}

/** One function body, decoded. Arrays are by instruction and are reused for the next function. */
export interface DecodedBody {
  count: number;
  opcode: Uint16Array;
  /** Offset in the file; [count] is the end of the body. */
  position: Int32Array;
  /** First immediate: index, depth, constant; for memory instructions the alignment. */
  a: Int32Array;
  /** Second immediate: for memory instructions the offset; for branches the target's frame. */
  b: Int32Array;
  block: Int32Array;
  /** Innermost loop around, or -1. */
  loop: Int32Array;
  /** Frames that a `br_table` may go to, by instruction. */
  tableTargets: Map<number, number[]>;
  blocks: Block[];
  loops: Loop[];
  frames: Frame[];
  /** Parameters and declared locals. */
  localCount: number;
  /** Where the groups of local declarations are: their number, and their bytes in the file. */
  localGroupCount: number;
  localsStart: number;
  localsEnd: number;
  hasTryTable: boolean;
  hasCall: boolean;
}

export function createDecodedBody(): DecodedBody {
  const capacity = 4096;
  return {
    count: 0,
    opcode: new Uint16Array(capacity),
    position: new Int32Array(capacity),
    a: new Int32Array(capacity),
    b: new Int32Array(capacity),
    block: new Int32Array(capacity),
    loop: new Int32Array(capacity),
    tableTargets: new Map(),
    blocks: [],
    loops: [],
    frames: [],
    localCount: 0,
    localGroupCount: 0,
    localsStart: 0,
    localsEnd: 0,
    hasTryTable: false,
    hasCall: false,
  };
}

function grow(body: DecodedBody): void {
  const wider = <T extends Int32Array | Uint16Array>(old: T, fresh: T): T => {
    fresh.set(old);
    return fresh;
  };
  const capacity = body.opcode.length * 2;
  body.opcode = wider(body.opcode, new Uint16Array(capacity));
  body.position = wider(body.position, new Int32Array(capacity));
  body.a = wider(body.a, new Int32Array(capacity));
  body.b = wider(body.b, new Int32Array(capacity));
  body.block = wider(body.block, new Int32Array(capacity));
  body.loop = wider(body.loop, new Int32Array(capacity));
}

/** Whether a one-byte instruction without immediates. */
function isPlain(op: number): boolean {
  if (op >= Op.i32Eqz && op <= Op.lastOneByte) return true;
  return op === Op.nop || op === Op.drop || op === Op.select || op === Op.refIsNull;
}

/** V8's own limit; without one, a count in a malformed module could be anything. */
const MAX_LOCALS = 50000;

/**
 * Decodes the function body in [start, end) of the module's file.
 * @throws BadInputError at an unsupported feature or a malformed instruction
 */
export function decodeBody(
  body: DecodedBody,
  module: ModuleOutline,
  functionIndex: number,
  start: number,
  end: number,
  weight: InstructionWeight,
): void {
  const reader = createByteReader(module.bytes, start, end);
  const type = module.types[module.functionTypes[functionIndex]];
  body.localGroupCount = reader.count("local declarations");
  body.localsStart = reader.position;
  body.localCount = type.parameters.length;
  for (let i = 0; i < body.localGroupCount; i++) {
    body.localCount += reader.u32();
    if (body.localCount > MAX_LOCALS) reader.fail(`function ${functionIndex} has more than ${MAX_LOCALS} locals`);
    readValueType(reader);
  }
  body.localsEnd = reader.position;
  body.tableTargets.clear();
  body.hasTryTable = false;
  body.hasCall = false;

  const frames: Frame[] = [{ opcode: Op.block, start: -1, labelArity: type.results.length }];
  const loops: Loop[] = [];
  const blocks: Block[] = [{ first: 0, cycles: 0, storeCount: 0, headOf: -1, loop: -1 }];
  const openFrames = [0];
  const openLoops: number[] = [];
  const innermostLoop = () => (openLoops.length > 0 ? openLoops[openLoops.length - 1] : -1);
  const targetFrame = (depth: number): number => {
    if (depth >= openFrames.length) reader.fail(`branch to label ${depth}, but only ${openFrames.length} are open`);
    return openFrames[openFrames.length - 1 - depth];
  };
  /** Reads a block type; gives its [parameter, result] counts. */
  const blockArity = (): readonly [number, number] => {
    const offset = reader.position;
    const code = reader.s33();
    if (code === EMPTY_BLOCK - 128) return [0, 0];
    if (code < 0) {
      reader.position = offset;
      readValueType(reader);
      return [0, 1];
    }
    if (code >= module.types.length) reader.fail(`there is no type ${code}`, offset);
    return [module.types[code].parameters.length, module.types[code].results.length];
  };

  let count = 0;
  let a = 0;
  let b = 0;
  while (reader.position < end) {
    if (count + 2 >= body.opcode.length) grow(body);
    const position = reader.position;
    let op = reader.u8();
    a = 0;
    b = 0;
    let endsBlock = false;
    let opensLoop = -1;
    let reachesHost = false;
    switch (op) {
      case Op.block:
      case Op.loop:
      case Op.if:
      case Op.try: {
        const [parameterCount, resultCount] = blockArity();
        openFrames.push(frames.length);
        frames.push({ opcode: op, start: count, labelArity: op === Op.loop ? parameterCount : resultCount });
        endsBlock = op !== Op.block;
        if (op === Op.loop) {
          const parent = innermostLoop();
          if (parent >= 0) loops[parent].innermost = false;
          opensLoop = loops.length;
          openLoops.push(opensLoop);
          loops.push({ start: count, end: -1, parent, innermost: true, reachesHost: false });
        }
        break;
      }
      case Op.tryTable: {
        const [, resultCount] = blockArity();
        for (let left = reader.count("catch clauses"); left > 0; left--) {
          const kind = reader.u8();
          if (kind > 3) reader.fail(`unknown kind of catch clause ${kind}`);
          if (kind < 2) reader.u32();
          reader.u32();
        }
        openFrames.push(frames.length);
        frames.push({ opcode: op, start: count, labelArity: resultCount });
        body.hasTryTable = true;
        endsBlock = true;
        break;
      }
      case Op.else:
      case Op.catchAll:
      case Op.throwRef:
      case Op.return:
      case Op.unreachable:
        endsBlock = true;
        break;
      case Op.catch:
      case Op.throw:
      case Op.rethrow:
        a = reader.u32();
        endsBlock = true;
        break;
      case Op.end:
      case Op.delegate: {
        if (op === Op.delegate) a = reader.u32();
        const frame = openFrames.pop();
        if (frame === undefined) throw reader.fail("an end too many", position);
        if (frames[frame].opcode === Op.loop) {
          const loop = openLoops.pop();
          if (loop !== undefined) loops[loop].end = count;
        } else endsBlock = true;
        break;
      }
      case Op.br:
      case Op.brIf:
        a = reader.u32();
        b = targetFrame(a);
        endsBlock = true;
        break;
      case Op.brTable: {
        const targets: number[] = [];
        for (let left = reader.count("branch targets"); left >= 0; left--) targets.push(targetFrame(reader.u32()));
        body.tableTargets.set(count, targets);
        endsBlock = true;
        break;
      }
      case Op.call:
      case Op.returnCall:
        a = reader.u32();
        reachesHost = true;
        break;
      case Op.callIndirect:
      case Op.returnCallIndirect:
        a = reader.u32();
        b = reader.u32();
        reachesHost = true;
        break;
      case Op.memoryGrow:
        if (reader.u32() !== 0) unsupported("more than one memory", position);
        reachesHost = true;
        break;
      case Op.memorySize:
        if (reader.u32() !== 0) unsupported("more than one memory", position);
        break;
      case Op.selectTyped:
        for (let left = reader.count("value types"); left > 0; left--) readValueType(reader);
        break;
      case Op.localGet:
      case Op.localSet:
      case Op.localTee:
      case Op.globalGet:
      case Op.globalSet:
      case Op.tableGet:
      case Op.tableSet:
      case Op.refFunc:
        a = reader.u32();
        break;
      case Op.i32Const:
        a = reader.s32();
        break;
      case Op.i64Const:
        reader.skipSigned(64);
        break;
      case Op.f32Const:
        reader.skip(4);
        break;
      case Op.f64Const:
        reader.skip(8);
        break;
      case Op.refNull:
        reader.s33();
        break;
      case 0xfc:
        op = readBulkPrefix();
        reachesHost = isBulkWrite(op);
        break;
      case 0xfd:
        op = readVectorPrefix();
        break;
      case 0xfb:
        throw unsupported("garbage-collected types (GC)", position);
      case 0xfe:
        throw unsupported("atomic instructions (threads)", position);
      case Op.callRef:
      case Op.returnCallRef:
      case 0xd3:
      case 0xd4:
      case 0xd5:
      case 0xd6:
        throw unsupported("typed function references", position);
      default:
        if (hasMemoryArgument(op)) readMemoryArgument();
        else if (!isPlain(op)) reader.fail(`unknown instruction 0x${op.toString(16)}`, position);
    }
    body.opcode[count] = op;
    body.position[count] = position;
    body.a[count] = a;
    body.b[count] = b;
    body.block[count] = blocks.length - 1;
    body.loop[count] = innermostLoop();
    if (reachesHost) {
      body.hasCall = true;
      for (const loop of openLoops) loops[loop].reachesHost = true;
      endsBlock = true;
    } else if (op === Op.throw || op === Op.rethrow || op === Op.throwRef || op === Op.try || op === Op.tryTable) {
      // Exceptions leave loops in ways that are not worth following.
      for (const loop of openLoops) loops[loop].reachesHost = true;
    }
    const block = blocks[blocks.length - 1];
    block.cycles += weight(op);
    if (storeSize(op) > 0 || isBulkWrite(op)) block.storeCount++;
    count++;
    if (endsBlock && reader.position < end)
      blocks.push({ first: count, cycles: 0, storeCount: 0, headOf: opensLoop, loop: innermostLoop() });
    if (openFrames.length === 0 && reader.position < end) reader.fail("code after the end of the function");
  }
  if (openFrames.length > 0) reader.fail("the function has no end");
  body.position[count] = end;
  body.count = count;
  body.blocks = blocks;
  body.loops = loops;
  body.frames = frames;

  function readMemoryArgument(): void {
    const offset = reader.position;
    a = reader.u32();
    if (a & 64) unsupported("more than one memory", offset);
    b = reader.u32() | 0;
  }

  function readBulkPrefix(): number {
    const offset = reader.position - 1;
    const sub = reader.u32();
    const full = 0xfc00 | sub;
    if (sub < 8) return full;
    if (sub > 17) return reader.fail(`unknown instruction 0xfc ${sub}`, offset);
    if (full === Op.memoryInit || full === Op.memoryFill || full === Op.memoryCopy) {
      if (full === Op.memoryInit) a = reader.u32();
      if (reader.u32() !== 0) unsupported("more than one memory", offset);
      if (full === Op.memoryCopy && reader.u32() !== 0) unsupported("more than one memory", offset);
      return full;
    }
    a = reader.u32();
    if (full === Op.tableInit || full === Op.tableCopy) b = reader.u32();
    return full;
  }

  function readVectorPrefix(): number {
    const offset = reader.position - 1;
    const sub = reader.u32();
    if (sub > 0xff) {
      if (sub > 0x1ff) reader.fail(`unknown instruction 0xfd ${sub}`, offset);
      return Op.relaxedSimd;
    }
    const full = 0xfd00 | sub;
    if (hasMemoryArgument(full)) {
      readMemoryArgument();
      if (hasLane(full)) reader.skip(1);
    } else if (full === Op.v128Const || full === Op.i8x16Shuffle) reader.skip(16);
    else if (full >= Op.i8x16ExtractLaneS && full <= Op.f64x2ReplaceLane) reader.skip(1);
    return full;
  }
}

/** Whether a branch to this frame leaves the loop. @param frame one that is open where the branch is */
export function leavesLoop(body: DecodedBody, frame: number, loop: number): boolean {
  return body.frames[frame].start < body.loops[loop].start;
}
