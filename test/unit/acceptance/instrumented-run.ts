import assert from "node:assert/strict";
import { createMmu, type Mmu } from "../../../src/guest/mmu.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { InstrumentedModule, InstrumentOptions } from "../../../src/program/instrument/types.ts";
import { createHost, type Ending, globalText, linked, type ModelEnding, type RunInput, runEntry } from "./plain-run.ts";

/** When pages are protected, and so when stores take the slow path. */
export interface Protecting {
  /**
   * - `never`: no page ever is.
   * - `again`: all pages are at the start, and again at each checkpoint call and every so many virtual cycles; a trap
   *   opens its page. What a page holds may then have changed only if it trapped, and that is checked too.
   * - `always`: all pages are and stay so: every single store traps (in `exact` mode).
   */
  readonly kind: "never" | "again" | "always";
  /** Virtual cycles between ticks; Infinity for none. */
  readonly tickEvery: number;
  /** Whether the program sees its virtual cycles as time, as in the simulated guest. */
  readonly guestClock?: boolean;
}

export interface InstrumentedEnding extends ModelEnding {
  readonly traps: number;
  readonly ticks: number;
}

/** Runs the instrumented module with no machine below it. */
export function runInstrumented(
  input: RunInput,
  options: InstrumentOptions,
  protecting: Protecting,
  module: InstrumentedModule = instrument(input.wasm, options),
): InstrumentedEnding {
  let traps = 0;
  let ticks = 0;
  let shadow: Uint8Array | undefined;
  const trapped = new Set<number>();
  const mmu: Mmu = createMmu(module, {
    trap(page) {
      traps++;
      trapped.add(page);
      if (protecting.kind === "again") mmu.protection[page] = 0;
    },
    tick() {
      ticks++;
      if (ticks < 20 || ticks % 97 === 0) checkEpoch();
      protectAll();
      mmu.setDeadline(mmu.cycles() + protecting.tickEvery);
    },
    grown: (from, to) => {
      if (protecting.kind === "always") mmu.protect(from, to - from, 1);
    },
  });
  const protectAll = () => {
    if (protecting.kind === "again") mmu.protect(0, mmu.pageCount, 1);
  };
  /** What no trap told of is as it was at the check before; from here on every page traps again. */
  const checkEpoch = () => {
    if (protecting.kind !== "again") return;
    for (let page = 0; shadow !== undefined && page < shadow.length / 4096; page++) {
      if (trapped.has(page)) continue;
      const now = Buffer.from(mmu.memory.buffer, mmu.memory.byteOffset + page * 4096, 4096);
      if (!now.equals(shadow.subarray(page * 4096, page * 4096 + 4096)))
        assert.fail(`${input.name}: page ${page} changed without a trap`);
    }
    shadow = mmu.memory.slice();
    trapped.clear();
    protectAll();
  };
  let calls = 0;
  const afterCall = (call: string) => {
    calls++;
    // Not at each: caches that live across calls must have something to get wrong.
    if (call.startsWith("checkpoint") || calls < 30 || calls % 97 === 0) checkEpoch();
    else if (call.startsWith("restart") || call.startsWith("mem_")) protectAll();
  };
  const guestClock = () => BigInt(Math.floor(mmu.cycles() / 2));
  const host = createHost(input, afterCall, protecting.guestClock === true ? guestClock : undefined);
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(module.bytes),
    linked(module.bytes, { ...host.imports, ...mmu.imports }),
  );
  mmu.attach(instance);
  host.bind({
    get buffer() {
      return mmu.memory.buffer as ArrayBuffer;
    },
    get baseOffset() {
      return mmu.memory.byteOffset;
    },
    get sizeBytes() {
      return mmu.memory.length;
    },
    beforeWrite: (address, length) => mmu.hostWrite(address, length),
    get bytes() {
      return mmu.memory;
    },
    write(address, bytes) {
      mmu.hostWrite(address, bytes.length);
      mmu.memory.set(bytes, address);
    },
  });
  if (protecting.kind === "always") mmu.protect(0, mmu.pageCount, 1);
  if (Number.isFinite(protecting.tickEvery)) mmu.setDeadline(protecting.tickEvery);
  checkEpoch();
  mmu.start();
  const how = runEntry(instance.exports);
  checkEpoch();
  return {
    how,
    ...host.output(),
    files: host.files(),
    memory: mmu.memory.slice(),
    globals: globalsOf(module, instance.exports),
    answers: host.veloc.answers,
    images: host.veloc.images,
    traps,
    ticks,
  };
}

export function globalsOf(module: InstrumentedModule, exports: Record<string, unknown>): Map<number, string> {
  return new Map(module.mutableGlobals.map(({ index, exportName }) => [index, globalText(exports[exportName])]));
}

/** Says the first thing in which two endings differ. */
export function assertSameEnding(actual: Ending, expected: Ending, what: string): void {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  assert.equal(actual.how, expected.how, `${what}: the end`);
  assert.equal(text(actual.stdout), text(expected.stdout), `${what}: standard output`);
  assert.equal(text(actual.stderr), text(expected.stderr), `${what}: standard error`);
  assert.deepEqual([...actual.files.keys()], [...expected.files.keys()], `${what}: names of files`);
  for (const [path, contents] of expected.files) {
    const found = actual.files.get(path);
    const same = typeof contents === "string" ? found === contents : Buffer.from(contents).equals(found as Uint8Array);
    assert.ok(same, `${what}: contents of ${path}`);
  }
  assert.deepEqual([...actual.globals], [...expected.globals], `${what}: mutable globals`);
  assert.equal(actual.memory.length, expected.memory.length, `${what}: size of memory`);
  assert.equal(
    firstDifference(actual.memory, expected.memory),
    undefined,
    `${what}: first byte of memory that differs`,
  );
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  if (Buffer.from(a.buffer, a.byteOffset, a.length).equals(b)) return undefined;
  return a.findIndex((byte, i) => byte !== b[i]);
}
