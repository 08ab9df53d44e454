import { type ArrayLoop, findArrayLoops, type LinearForm } from "./array-loop.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type AddressGroup, findGroups } from "./coalesce.ts";
import type { CodeWriter } from "./code-writer.ts";
import { type DecodedBody, leavesLoop } from "./decode.ts";
import { type HelperFunction, type HostFunction, LineState, pushMemoryBytes } from "./helpers.ts";
import { type CachePlan, type CacheScope, planLoopCaches } from "./loop-cache.ts";
import type { ModuleOutline } from "./module-reader.ts";
import type { OffsetMapBuilder } from "./offset-map.ts";
import {
  EMPTY_BLOCK,
  hasLane,
  hasMemoryArgument,
  isBulkWrite,
  Op,
  storeSize,
  storeValueType,
  ValueType,
} from "./opcodes.ts";
import type { CountedBlock, StoreGroup, StoreSite, TableLayout, TrackingMode } from "./types.ts";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "./types.ts";

/** What all functions of a module share while they are rewritten. */
export interface RewriteContext {
  readonly module: ModuleOutline;
  readonly mode: TrackingMode;
  readonly layout: TableLayout;
  readonly countedBlocks: "stores" | "all";
  readonly coalesce: boolean;
  readonly sites: StoreSite[];
  readonly groups: Map<number, StoreGroup>;
  readonly blocks: CountedBlock[];
  readonly offsets: OffsetMapBuilder;
  /** Index in the new module of a function of the original one. */
  newIndex(functionIndex: number): number;
  host(name: HostFunction): number;
  helper(name: HelperFunction): number;
  /** Index of a function type, added if the module has none like it. */
  typeIndex(parameters: readonly number[], results: readonly number[]): number;
}

/** The rewritten body: its local declarations and its code. */
export interface EmittedBody {
  readonly locals: ByteWriter;
  readonly code: CodeWriter;
}

/** A store or a group of `storeCount` stores to [base + offset, base + offset + size). */
interface CheckedAccess {
  readonly site: number;
  /** A local, or `NO_LOCAL`. */
  readonly base: number;
  readonly offset: number;
  readonly size: number;
  readonly storeCount: number;
  /** Look up the first and the last byte; else only the first, and send misaligned addresses to the slow path. */
  readonly bothEnds: boolean;
  /** The memory argument's: an address below it has wrapped around 2^32. 0 for groups. */
  readonly memoryOffset: number;
}

/** The last page of 4 GiB: no store within the memory limit hits a slot that remembers it. */
const NOWHERE = -PAGE_BYTES;

/**
 * Writes one function anew: its own instructions as they are (but for indices and offsets that moved), and before them
 * what tracking needs. What is inserted leaves the operand stack as it found it and has no branch out of itself, so the
 * labels around it keep their meaning.
 *
 * Cycles are counted down in a local that is written back wherever the host could look (calls, ticks, traps, exits), a
 * straight-line run at once at its beginning.
 */
export function emitFunction(
  context: RewriteContext,
  body: DecodedBody,
  functionIndex: number,
  w: CodeWriter,
): EmittedBody {
  const { module, layout, mode } = context;
  const recording = mode === "record";
  const optimise = context.coalesce && mode !== "exact";
  const type = module.types[module.functionTypes[functionIndex]];
  const source = module.bytes;

  const groupOf = new Int32Array(body.count);
  const groups: AddressGroup[] = optimise ? findGroups(body, groupOf) : [];
  const isCounted = (block: number) =>
    context.countedBlocks === "all"
      ? body.blocks[block].cycles > 0 || body.blocks[block].storeCount > 0
      : body.blocks[block].storeCount > 0;
  const arrayLoops = optimise && !body.hasTryTable ? findArrayLoops(body, groupOf, groups) : [];
  const arrayLoopOfBlock = new Map(arrayLoops.map((one) => [one.block, one]));
  const arrayStores = new Set(arrayLoops.flatMap(({ stores }) => stores.map(({ instruction }) => instruction)));
  const plan: CachePlan = optimise
    ? planLoopCaches(body, groupOf, groups, recording ? isCounted : undefined, arrayLoops)
    : { scopes: [], scopeOfLoop: body.loops.map(() => -1), slotOf: new Map() };

  // Locals of our own, each declared at its first use.
  const addedTypes: number[] = [];
  const named = new Map<string, number>();
  const local = (name: string, valueType: number = ValueType.i32): number => {
    let index = named.get(name);
    if (index === undefined) {
      index = body.localCount + addedTypes.length;
      named.set(name, index);
      addedTypes.push(valueType);
    }
    return index;
  };
  const slotPage = (scope: number, slot: number) => local(`page ${scope} ${slot}`);
  const slotSince = (scope: number, slot: number) => local(`since ${scope} ${slot}`);
  /** Of an array loop: iterations that may still begin unchecked, and what that was at the last look. */
  const fuel = () => local("fuel");
  const planned = () => local("planned");
  const blockCounter = (block: number) => local(`block ${block}`);
  /** Index into context.blocks, for all counted blocks at once: a loop's head flushes what comes after it in the code. */
  const counterOfBlock = new Map<number, number>();
  if (recording)
    for (const index of body.blocks.keys())
      if (isCounted(index)) counterOfBlock.set(index, context.blocks.length + counterOfBlock.size);

  // A catch clause of try_table arrives at a label in the middle of anything: there, count in the tables directly.
  const direct = body.hasTryTable;
  const remaining = direct ? -1 : local("remaining");
  /** The array loop whose iterations are being written: what they cost is taken off when they are settled. */
  let unsettled: ArrayLoop | undefined;
  const pushRemaining = () => {
    if (direct) w.const(0).table(Op.i32Load, layout.remainingCycles);
    else w.get(remaining);
    if (unsettled === undefined) return;
    w.get(planned()).get(fuel()).op(Op.i32Sub).const(1).op(Op.i32Add).const(body.blocks[unsettled.block].cycles);
    w.op(Op.i32Mul).op(Op.i32Sub);
  };
  /** Takes the value from the stack. */
  const popRemaining = () => {
    if (direct) w.op(Op.drop);
    else w.set(remaining);
    if (unsettled === undefined) return;
    // The host may have brought the deadline forward: make this the last iteration before the next look.
    w.get(planned()).get(fuel()).op(Op.i32Sub).set(planned()).const(0).set(fuel());
    w.get(remaining).get(planned()).const(1).op(Op.i32Add).const(body.blocks[unsettled.block].cycles);
    w.op(Op.i32Mul).op(Op.i32Add).set(remaining);
  };
  const saveRemaining = () => {
    if (!direct) w.const(0).get(remaining).table(Op.i32Store, layout.remainingCycles);
  };
  const loadRemaining = () => {
    if (!direct) w.const(0).table(Op.i32Load, layout.remainingCycles).set(remaining);
  };

  let copied = body.localsEnd;
  const copyTo = (end: number) => {
    if (end <= copied) return;
    context.offsets.copied(w.length, copied);
    w.copy(source, copied, end);
    copied = end;
  };
  /** What is written next belongs to this instruction and goes before it. */
  const insertBefore = (i: number) => {
    copyTo(body.position[i]);
    context.offsets.inserted(w.length, body.position[i]);
  };
  const insertAfter = (i: number) => {
    copyTo(body.position[i + 1]);
    context.offsets.inserted(w.length, body.position[i]);
  };
  const siteOf = new Map<number, number>();
  const addSite = (i: number, size: number, kind: StoreSite["kind"]): number => {
    const site = context.sites.length;
    context.sites.push({ functionIndex, offset: body.position[i], size, kind });
    siteOf.set(i, site);
    return site;
  };

  if (!direct) {
    context.offsets.inserted(0, body.position[0]);
    w.op(Op.block);
    if (type.results.length === 0) w.u8(EMPTY_BLOCK);
    else if (type.results.length === 1) w.u8(type.results[0]);
    else w.s32(context.typeIndex([], type.results));
    loadRemaining();
  }
  let block = -1;
  for (let i = 0; i < body.count; i++) {
    if (body.block[i] !== block) {
      block = body.block[i];
      beginBlock(i, block);
    }
    emitInstruction(i);
  }
  copyTo(body.position[body.count]);
  for (const group of groups) addGroup(group);

  const locals = new ByteWriter();
  locals.u32(body.localGroupCount + addedTypes.length);
  locals.copy(source, body.localsStart, body.localsEnd);
  for (const valueType of addedTypes) {
    locals.u8(1);
    locals.u8(valueType);
  }
  return { locals, code: w };

  function beginBlock(i: number, index: number): void {
    const { cycles, headOf } = body.blocks[index];
    const arrayLoop = arrayLoopOfBlock.get(index);
    unsettled = undefined;
    if (arrayLoop !== undefined) {
      insertBefore(i);
      addCountedBlock(i, index);
      unsettled = arrayLoop;
      return;
    }
    const needsTick = headOf >= 0 || (index === 0 && body.hasCall);
    const counter = counterOfBlock.get(index);
    if (cycles === 0 && !needsTick && counter === undefined) return;
    insertBefore(i);
    if (direct && cycles > 0) {
      w.const(0);
      pushRemaining();
      w.const(cycles).op(Op.i32Sub).table(Op.i32Store, layout.remainingCycles);
    } else if (cycles > 0) {
      w.get(remaining).const(cycles).op(Op.i32Sub).set(remaining);
    }
    if (needsTick) {
      pushRemaining();
      w.const(0).op(Op.i32LtS).ifUnlikely();
      callTick(headOf);
      w.end();
    }
    if (counter === undefined) return;
    addCountedBlock(i, index);
    if (isCountedInLocal(index)) w.get(blockCounter(index)).const(1).op(Op.i32Add).set(blockCounter(index));
    else {
      const at = layout.blockCounts + counter * 4;
      w.const(0).const(0).table(Op.i32Load, at).const(1).op(Op.i32Add).table(Op.i32Store, at);
    }
  }

  /** @param loop at whose head this is, or -1 */
  function callTick(loop: number): void {
    const scope = loop >= 0 ? plan.scopeOfLoop[loop] : -1;
    if (scope >= 0) flushScope(scope);
    saveRemaining();
    w.call(context.host("tick"));
    loadRemaining();
    if (scope >= 0) forgetSlots(scope);
  }

  function addCountedBlock(i: number, index: number): void {
    if (!counterOfBlock.has(index)) return;
    const { cycles, storeCount } = body.blocks[index];
    const next = index + 1 < body.blocks.length ? body.blocks[index + 1].first : body.count;
    context.blocks.push({
      functionIndex,
      offset: body.position[i],
      endOffset: body.position[next],
      cycles,
      firstSite: context.sites.length,
      siteCount: storeCount,
    });
  }

  /**
   * Before an iteration of an array loop for which the fuel is used up: settles the iterations so far, looks up the
   * pages of this one, and finds out how many more will stay in them and before the next tick.
   */
  function refuel(arrayLoop: ArrayLoop): void {
    const { cycles } = body.blocks[arrayLoop.block];
    const done = local("done");
    w.get(planned()).get(fuel()).op(Op.i32Sub).set(done);
    settle(arrayLoop);
    w.get(remaining).const(cycles).op(Op.i32Sub).tee(remaining).const(0).op(Op.i32LtS).ifUnlikely();
    callTick(arrayLoop.loop);
    w.end();
    const left = local("left");
    w.const(0x7fffffff).set(left);
    let site = context.sites.length;
    let at = body.blocks[arrayLoop.block].first;
    for (const { instruction, address, size, storeCount, stride, memoryOffset } of arrayLoop.stores) {
      // Sites are numbered as the stores are written, after this.
      for (; at < instruction; at++) if (storeSize(body.opcode[at]) > 0) site++;
      const base = local("array address");
      pushForm(address);
      w.set(base);
      emitLookup({ site, base, offset: 0, size, storeCount, bothEnds: true, memoryOffset });
      const room = local("room");
      const inPage = () =>
        w
          .get(base)
          .const(PAGE_BYTES - 1)
          .op(Op.i32And);
      if (stride === 0) w.const(0x7fffffff);
      else if (stride > 0) {
        w.const(PAGE_BYTES - size);
        inPage().op(Op.i32Sub).const(stride).op(Op.i32DivS);
      } else inPage().const(-stride).op(Op.i32DivU);
      // An access that straddles two pages is looked up each time.
      w.const(0);
      inPage()
        .const(PAGE_BYTES - size)
        .op(Op.i32LeU)
        .op(Op.select)
        .tee(room);
      w.get(left).get(room).get(left).op(Op.i32LtS).op(Op.select).set(left);
    }
    const affordable = local("room");
    w.get(remaining).const(cycles).op(Op.i32DivS).tee(affordable);
    w.get(left).get(affordable).get(left).op(Op.i32LtS).op(Op.select).tee(left);
    w.const(0).get(left).const(0).op(Op.i32GtS).op(Op.select).tee(fuel()).set(planned());
    // This iteration is settled with those that follow it.
    w.get(remaining).const(cycles).op(Op.i32Add).set(remaining);
  }

  /** Takes off the cycles of `done` iterations, and counts and marks what their stores did. */
  function settle({ block: index, stores }: ArrayLoop): void {
    const done = local("done");
    w.get(remaining).get(done).const(body.blocks[index].cycles).op(Op.i32Mul).op(Op.i32Sub).set(remaining);
    if (!recording) return;
    const counter = counterOfBlock.get(index);
    if (counter !== undefined) {
      const at = layout.blockCounts + counter * 4;
      w.const(0).const(0).table(Op.i32Load, at).get(done).op(Op.i32Add).table(Op.i32Store, at);
    }
    // Said to be unlikely, though it is not: the engine then keeps what the calls would spill out of the loop itself.
    w.get(done).ifUnlikely();
    for (const { address, size, storeCount, stride } of stores) {
      pushForm(address);
      if (stride !== 0) w.get(done).const(stride).op(Op.i32Mul).op(Op.i32Sub);
      w.const(stride).get(done).const(size).const(storeCount).call(context.helper("settle"));
    }
    w.end();
  }

  function pushForm({ terms, constant }: LinearForm): void {
    w.const(constant);
    for (const [index, factor] of terms) {
      w.get(index);
      if (factor !== 1) w.const(factor).op(Op.i32Mul);
      w.op(Op.i32Add);
    }
  }

  function isCountedInLocal(index: number): boolean {
    const scope = scopeOfBlock(index);
    return scope >= 0 && plan.scopes[scope].countedBlocks.includes(index);
  }

  function scopeOfBlock(index: number): number {
    const { loop } = body.blocks[index];
    return loop >= 0 ? plan.scopeOfLoop[loop] : -1;
  }

  function emitInstruction(i: number): void {
    const op = body.opcode[i];
    const size = storeSize(op);
    if (size > 0) {
      emitStore(i, op, size);
      return;
    }
    if (hasMemoryArgument(op)) {
      if (layout.guestBase > 0) {
        copyTo(body.position[i]);
        emitMemoryInstruction(i, op);
      }
      return;
    }
    switch (op) {
      case Op.call:
      case Op.returnCall:
      case Op.callIndirect:
      case Op.returnCallIndirect:
        insertBefore(i);
        saveRemaining();
        if (op === Op.call || op === Op.returnCall) {
          w.op(op);
          w.u32(context.newIndex(body.a[i]));
          copied = body.position[i + 1];
        }
        if (op === Op.call || op === Op.callIndirect) {
          insertAfter(i);
          loadRemaining();
        }
        return;
      case Op.refFunc:
        insertBefore(i);
        w.op(op);
        w.u32(context.newIndex(body.a[i]));
        copied = body.position[i + 1];
        return;
      case Op.loop: {
        const arrayLoop = arrayLoopOfBlock.get(body.block[i + 1]);
        if (arrayLoop !== undefined) {
          // A loop around it, of the same type, holds all the calls: so the engine can optimise the inner one.
          insertBefore(i);
          const scopeHere = plan.scopes.findIndex((one) => body.loops[one.loop].start === i);
          if (scopeHere >= 0) forgetSlots(scopeHere);
          w.const(-1).set(fuel()).const(-1).set(planned());
          w.copy(source, body.position[i], body.position[i + 1]);
          refuel(arrayLoop);
          return;
        }
        const scope = plan.scopes.findIndex((one) => body.loops[one.loop].start === i);
        if (scope < 0) return;
        insertBefore(i);
        forgetSlots(scope);
        return;
      }
      case Op.br:
        flushIfLeaving(i, [body.b[i]]);
        return;
      case Op.brIf:
        emitBranchIf(i);
        return;
      case Op.brTable:
        flushIfLeaving(i, body.tableTargets.get(i) ?? []);
        return;
      case Op.return:
      case Op.unreachable:
        flushIfLeaving(i, [0]);
        if (direct) return;
        insertBefore(i);
        saveRemaining();
        return;
      case Op.throw:
      case Op.rethrow:
      case Op.throwRef:
        insertBefore(i);
        saveRemaining();
        return;
      case Op.catch:
      case Op.catchAll:
        insertAfter(i);
        loadRemaining();
        return;
      case Op.end:
        emitEnd(i);
        return;
      case Op.memorySize:
        if (layout.guestBase === 0) return;
        insertAfter(i);
        w.const(layout.guestBase / WASM_PAGE_BYTES).op(Op.i32Sub);
        return;
      case Op.memoryGrow:
        insertBefore(i);
        saveRemaining();
        w.call(context.helper("grow"));
        loadRemaining();
        copied = body.position[i + 1];
        return;
      default:
        if (isBulkWrite(op)) emitBulk(i, op);
    }
  }

  function emitEnd(i: number): void {
    if (i === body.count - 1) {
      if (direct) return;
      insertBefore(i);
      w.end(); // of the block around everything, where branches out of the function arrive
      saveRemaining();
      return;
    }
    const arrayLoop = arrayLoops.find((one) => body.loops[one.loop].end === i);
    if (arrayLoop !== undefined) {
      insertAfter(i);
      w.end(); // of the loop around it
      w.get(planned()).get(fuel()).op(Op.i32Sub).const(1).op(Op.i32Add).set(local("done"));
      settle(arrayLoop);
    }
    const scope = recording ? plan.scopes.findIndex((one) => body.loops[one.loop].end === i) : -1;
    if (scope < 0) return;
    insertAfter(i);
    flushScope(scope);
  }

  /** Flushes the scope around instruction i if a branch to one of these frames leaves it. */
  function flushIfLeaving(i: number, frames: readonly number[]): void {
    const scope = scopeLeft(i, frames);
    if (scope < 0) return;
    insertBefore(i);
    flushScope(scope);
  }

  function scopeLeft(i: number, frames: readonly number[]): number {
    if (!recording || body.loop[i] < 0) return -1;
    const scope = plan.scopeOfLoop[body.loop[i]];
    if (scope < 0) return -1;
    return frames.some((frame) => leavesLoop(body, frame, plan.scopes[scope].loop)) ? scope : -1;
  }

  function emitBranchIf(i: number): void {
    if (arrayLoopOfBlock.has(body.block[i])) {
      insertBefore(i);
      w.if(); // labels from here: 0 this, 1 the loop, 2 the loop around it
      w.get(fuel()).const(1).op(Op.i32Sub).tee(fuel()).const(0).op(Op.i32LtS).ifUnlikely();
      w.op(Op.br).u32(3);
      w.end().op(Op.br).u32(1);
      w.end();
      copied = body.position[i + 1];
      return;
    }
    const scope = scopeLeft(i, [body.b[i]]);
    if (scope < 0) return;
    insertBefore(i);
    if (body.frames[body.b[i]].labelArity > 0) {
      flushScope(scope); // the values of the branch are in the way of an `if`; flushing too often does no harm
      return;
    }
    w.if();
    flushScope(scope);
    w.op(Op.br);
    w.u32(body.a[i] + 1);
    w.end();
    copied = body.position[i + 1];
  }

  function forgetSlots(scope: number): void {
    for (const slot of plan.scopes[scope].slots.keys()) w.const(NOWHERE).set(slotPage(scope, slot));
  }

  /** Adds what the locals of a scope have counted to the tables. */
  function flushScope(scope: number): void {
    if (!recording) return;
    const { slots, countedBlocks }: CacheScope = plan.scopes[scope];
    for (const [slot, { block: slotBlock, storeCount }] of slots.entries()) {
      const since = slotSince(scope, slot);
      addToPageCount(slotPage(scope, slot), 0, () => {
        w.get(blockCounter(slotBlock)).get(since).op(Op.i32Sub);
        if (storeCount > 1) w.const(storeCount).op(Op.i32Mul);
      });
      w.const(0).set(since);
    }
    for (const index of countedBlocks) {
      const counter = counterOfBlock.get(index);
      if (counter === undefined) continue;
      const at = layout.blockCounts + counter * 4;
      w.const(0).const(0).table(Op.i32Load, at).get(blockCounter(index)).op(Op.i32Add).table(Op.i32Store, at);
      w.const(0).set(blockCounter(index));
    }
  }

  function addToPageCount(addressLocal: number, offset: number, pushCount: () => void): void {
    const entry = local("entry");
    w.address(addressLocal, offset).const(10).op(Op.i32ShrU).const(-4).op(Op.i32And).tee(entry);
    w.get(entry).table(Op.i32Load, layout.pageCounts);
    pushCount();
    w.op(Op.i32Add).table(Op.i32Store, layout.pageCounts);
  }

  function emitMemoryInstruction(i: number, op: number): void {
    context.offsets.inserted(w.length, body.position[i]);
    w.op(op);
    w.u32(body.a[i]);
    // Beyond 2^32 the access is out of bounds anyway, as the largest offset is.
    w.u32(Math.min((body.b[i] >>> 0) + layout.guestBase, 0xffffffff));
    if (hasLane(op)) w.u8(source[body.position[i + 1] - 1]);
    copied = body.position[i + 1];
  }

  function emitStore(i: number, op: number, size: number): void {
    const site = addSite(i, size, "store");
    const membership = groupOf[i];
    insertBefore(i);
    if (arrayStores.has(i)) {
      // Looked up at the head of the loop.
    } else if (membership > 0) {
      const { local: base, low, high, members } = groups[membership - 1];
      emitCheck(i, {
        site,
        base,
        offset: low,
        size: high - low,
        storeCount: members.length,
        bothEnds: true,
        memoryOffset: 0,
      });
    } else if (membership === 0) {
      const valueType = storeValueType(op);
      const value = local(`value ${valueType}`, valueType);
      const base = local("address");
      w.set(value).tee(base);
      // Where the compiler expects misaligned addresses, they shall not all take the slow path.
      const bothEnds = 1 << body.a[i] < size;
      emitCheck(i, { site, base, offset: body.b[i], size, storeCount: 1, bothEnds, memoryOffset: body.b[i] });
      w.get(value);
    }
    if (layout.guestBase > 0) emitMemoryInstruction(i, op);
  }

  /** Checks (and counts) a store or a group. */
  function emitCheck(i: number, access: CheckedAccess): void {
    const { base, offset, size, storeCount, bothEnds } = access;
    const slot = plan.slotOf.get(i);
    if (slot === undefined) {
      if (recording) addToPageCount(base, offset, () => w.const(storeCount));
      emitLookup(access);
      return;
    }
    const scope = scopeOfBlock(body.block[i]);
    const page = slotPage(scope, slot);
    w.address(base, offset).get(page).op(Op.i32Sub);
    if (recording && !bothEnds && size > 1) {
      // Rotated, a misaligned distance becomes a large one: one comparison for the page and for the alignment.
      const shift = 31 - Math.clz32(size);
      w.const(shift)
        .op(Op.i32Rotr)
        .const((PAGE_BYTES - size) >> shift);
    } else w.const(PAGE_BYTES - size);
    w.op(Op.i32GtU).ifUnlikely();
    if (recording) {
      // This execution of the block is already in its counter, but its store goes to the new page.
      const counter = blockCounter(body.block[i]);
      const since = slotSince(scope, slot);
      w.address(base, offset).get(page).op(Op.i32Xor).const(12).op(Op.i32ShrU).if();
      addToPageCount(page, 0, () => {
        w.get(counter).const(1).op(Op.i32Sub).get(since).op(Op.i32Sub);
        if (storeCount > 1) w.const(storeCount).op(Op.i32Mul);
      });
      w.get(counter).const(1).op(Op.i32Sub).set(since).end();
    }
    emitLookup(access);
    w.address(base, offset).const(-PAGE_BYTES).op(Op.i32And).set(page);
    if (recording) {
      w.op(Op.else);
      for (const at of bothEnds ? [offset, offset + size - 1] : [offset])
        w.address(base, at).const(6).op(Op.i32ShrU).const(LineState.dirtyAndOpen).table(Op.i32Store8, layout.lines);
    }
    w.end();
  }

  /** The look-up in the table, and the slow path. */
  function emitLookup({ site, base, offset, size, storeCount, bothEnds, memoryOffset }: CheckedAccess): void {
    const last = offset + size - 1;
    const protection = (at: number) =>
      w.address(base, at).const(12).op(Op.i32ShrU).table(Op.i32Load8U, layout.protection);
    const line = (at: number) => w.address(base, at).const(6).op(Op.i32ShrU).table(Op.i32Load8S, layout.lines);
    if (recording) {
      // A line's byte is 1 if its stores may go on, else 0 or negative.
      if (bothEnds) {
        w.address(base, offset).address(base, last).op(Op.i32Xor).const(12).op(Op.i32ShrU);
        line(offset);
        line(last).op(Op.i32And).op(Op.i32GeS);
      } else if (size > 1) {
        w.address(base, offset)
          .const(size - 1)
          .op(Op.i32And);
        line(offset).op(Op.i32GeS);
      } else line(offset).const(1).op(Op.i32LtS);
    } else {
      protection(offset);
      // A misaligned store could straddle two pages: the slow path finds out.
      if (bothEnds) protection(last).op(Op.i32Or);
      else if (size > 1)
        w.address(base, offset)
          .const(size - 1)
          .op(Op.i32And)
          .op(Op.i32Or);
    }
    w.ifUnlikely();
    w.address(base, offset).const(memoryOffset).const(size).const(site);
    pushRemaining();
    w.call(context.helper(storeCount > 1 ? "slowGroup" : "slowStore"));
    popRemaining();
    w.end();
  }

  function emitBulk(i: number, op: number): void {
    const kind = op === Op.memoryFill ? "fill" : op === Op.memoryCopy ? "copy" : "init";
    const site = addSite(i, 0, kind);
    const [destination, second, length] = [local("bulk 0"), local("bulk 1"), local("bulk 2")];
    insertBefore(i);
    w.set(length).set(second).set(destination);
    w.get(destination);
    if (kind === "fill") w.const(0).const(-1);
    else if (kind === "copy") {
      w.get(second);
      pushMemoryBytes(w, layout);
    } else w.get(second).const(module.dataSegmentBytes[body.a[i]] ?? 0);
    w.get(length).const(site);
    pushRemaining();
    w.call(context.helper("bulk"));
    popRemaining();
    const pushAddress = (index: number) => {
      w.get(index);
      if (layout.guestBase > 0) w.const(layout.guestBase).op(Op.i32Add);
    };
    pushAddress(destination);
    if (kind === "copy") pushAddress(second);
    else w.get(second);
    w.get(length);
  }

  function addGroup(group: AddressGroup): void {
    const members = group.members.map(({ instruction, offset, size }) => ({
      site: siteOf.get(instruction) ?? -1,
      delta: offset - group.low,
      size,
    }));
    context.groups.set(members[0].site, { members });
  }
}
