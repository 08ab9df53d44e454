// What a recording holds of every write is what a module that traps at each store tells, byte for byte.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMmu } from "../../../src/guest/mmu.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { Program } from "../../../src/program/program.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import { EVENT, type Recording } from "../../../src/run/recording.ts";
import { assemble } from "../instrument/harness.ts";
import { runInGuest } from "./live-run.ts";
import { createHost, linked, type RunInput, runEntry } from "./plain-run.ts";
import { randomVelocProgram } from "./random-veloc-program.ts";

const firstSeed = Number(process.env.SEED ?? 1);
const seedCount = Number(process.env.SEEDS ?? 40);
const SAVES = new Set(["checkpoint 0", "checkpoint_mem 0", "checkpoint_selective 0"]);

/** What was written to a page in an epoch. */
interface PageWrites {
  readonly bytes: Uint8Array;
  count: number;
  sum: number;
}

/** Every write of a run, by epoch and page; an epoch ends where a call of the checkpoint interface saves something. */
function everyWrite(input: RunInput): Map<number, PageWrites>[] {
  const epochs: Map<number, PageWrites>[] = [new Map()];
  const module = instrument(input.wasm, { mode: "exact", maxMemoryPages: 256 });
  const mmu = createMmu(module, {
    trap(page, address, size) {
      const writes = epochs[epochs.length - 1];
      const known = writes.get(page) ?? { bytes: new Uint8Array(4096), count: 0, sum: 0 };
      const start = Math.max(address, page * 4096) - page * 4096;
      const end = Math.min(address + size - page * 4096, 4096);
      known.bytes.fill(1, start, end);
      known.count++;
      known.sum += end - start;
      writes.set(page, known);
    },
    tick: () => {},
    grown: (from, to) => mmu.protect(from, to - from, 1),
  });
  const host = createHost(input, () => {
    if (SAVES.has(host.veloc.answers[host.veloc.answers.length - 1])) epochs.push(new Map());
  });
  const imports = linked(module.bytes, { ...host.imports, ...mmu.imports });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), imports);
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
      if (bytes.length > 0) mmu.hostWrite(address, bytes.length);
      mmu.memory.set(bytes, address);
    },
  });
  mmu.protect(0, mmu.pageCount, 1);
  mmu.start();
  runEntry(instance.exports);
  return epochs;
}

/** The same of a recording, for the pages of which it tells every write. */
function recordedWrites(recording: Recording): Map<number, PageWrites>[] {
  const { writes } = recording;
  assert.ok(writes !== undefined);
  const epochs = recording.epochs.map(({ written }) => {
    const pages = new Map<number, PageWrites>();
    assert.ok(written !== undefined);
    for (let i = 0; i < written.address.length; i++) {
      for (let at = written.address[i]; at < written.address[i] + written.bytes[i]; at++) {
        const page = at >> 12;
        const known = pages.get(page) ?? { bytes: new Uint8Array(4096), count: 0, sum: 0 };
        known.bytes[at & 4095] = 1;
        pages.set(page, known);
      }
    }
    return pages;
  });
  let epoch = 0;
  let told = 0;
  const add = (page: number, count: number, sum: number) => {
    const known = epochs[epoch].get(page);
    if (known === undefined) return;
    known.count += count;
    known.sum += sum;
  };
  recording.kind.forEach((kind, i) => {
    const argument = recording.argument[i];
    if (kind === EVENT.store) add(argument, 1, recording.bytes[i]);
    if (kind === EVENT.call && recording.calls[argument].kind === "save") epoch++;
    if (kind === EVENT.writes)
      for (; told < argument; told++) add(writes.page[told], writes.count[told], writes.bytes[told]);
  });
  assert.equal(told, writes.page.length);
  return epochs;
}

test(`random programs from seed ${firstSeed} on: bytes and numbers of writes to each page in each epoch`, () => {
  let pages = 0;
  let bytes = 0;
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const what = `seed ${seed} (SEED=${seed} SEEDS=1 repeats it)`;
    const wasm = assemble(randomVelocProgram(seed));
    const lines = { kind: "none", lookup: () => undefined } as const;
    const program: Program = { path: what, language: "wat", wasm, lines, sources: new Map(), diagnostics: [] };
    const input: RunInput = { name: what, wasm };
    const everyStore = instrument(wasm, { mode: "record", maxMemoryPages: 256, coalesce: false });
    const { run } = runInGuest(program, everyStore, input, [], { ...DEFAULT_MACHINE, technique: "hv-emulate" });
    const model = everyWrite(input);
    const recorded = recordedWrites(run.recording);
    assert.equal(recorded.length, model.length, `${what}: epochs`);
    for (const [epoch, found] of recorded.entries()) {
      for (const [page, writes] of found) {
        assert.deepEqual(writes, model[epoch].get(page), `${what}: page ${page} in epoch ${epoch}`);
        pages++;
        bytes += writes.sum;
      }
    }
  }
  if (seedCount >= 40) assert.ok(pages > 500 && bytes > 100_000, `${pages} pages, ${bytes} bytes`);
});
