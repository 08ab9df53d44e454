import assert from "node:assert/strict";
import { test } from "node:test";
import { type ApiObserver, CheckpointApi } from "../../../src/checkpoint/api.ts";
import { CheckpointEngine } from "../../../src/checkpoint/engine.ts";
import { ImageStore } from "../../../src/checkpoint/images.ts";
import { DEFAULT_OPTIONS } from "../../../src/checkpoint/technique.ts";
import { mprotect } from "../../../src/checkpoint/techniques/mprotect.ts";
import { createGuest } from "../../../src/linux/guest.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";

const PAGES = 16;
const SITE = 0;
const nothing = () => {};
const silent: ApiObserver = {
  protect: nothing,
  unprotect: nothing,
  save: nothing,
  commit: nothing,
  abandon: nothing,
  drain: nothing,
  reload: nothing,
  committed: nothing,
  restarted: nothing,
  refused: nothing,
};

function createApi() {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { process, kernel } = createGuest({ environment: "native", kernel: "6.1" }, ledger);
  const base = process.mmap(PAGES, "rw");
  const { states } = kernel.table;
  const machine = { process, xen: undefined, ledger, states, options: DEFAULT_OPTIONS };
  const engine = new CheckpointEngine(mprotect, machine, base);
  const bytes = new Uint8Array(PAGES * 4096);
  const write = (address: number, values: Uint8Array) => {
    for (let page = address >> 12; page <= (address + values.length - 1) >> 12; page++) process.store(base + page);
    bytes.set(values, address);
  };
  const memory = {
    sizeBytes: bytes.length,
    read: (address: number, size: number) => bytes.slice(address, address + size),
    copy: (address: number, size: number, into: Uint8Array, at: number) =>
      into.set(bytes.subarray(address, address + size), at),
    write,
  };
  const store = new ImageStore();
  const api = new CheckpointApi(engine, store, memory, silent, () => 0);
  api.init();
  return { api, store, write };
}

test("a region that moves while a checkpoint is open is in its image once, as it was saved last", () => {
  const { api, store, write } = createApi();
  write(0, new Uint8Array(8192).fill(1));
  write(16384, new Uint8Array(12288).fill(2));
  api.protect(7, 0, 8192, 1, "", SITE);
  api.checkpointBegin("moving", 1, SITE);
  assert.equal(api.checkpointSelective(0, [], SITE), 0);
  assert.equal(api.checkpointSelective(0, [], SITE), -1, "nothing is left to save");
  api.protect(7, 16384, 12288, 1, "", SITE);
  assert.equal(api.checkpointSelective(0, [], SITE), 0);
  assert.equal(api.checkpointEnd(true, SITE), 0);
  const [first] = store.images;
  assert.deepEqual(
    first.regions.map(({ id, sizeBytes }) => [id, sizeBytes]),
    [[7, 12288]],
  );
  assert.deepEqual(store.restore(first, 7, ""), new Uint8Array(12288).fill(2));

  // A delta that builds on it.
  write(16384, Uint8Array.of(3));
  assert.equal(api.checkpoint("moving", 2, SITE), 0);
  const expected = new Uint8Array(12288).fill(2);
  expected[0] = 3;
  assert.deepEqual(store.restore(store.images[1], 7, ""), expected);
  assert.equal(store.images[1].regions[0].whole, false);
});
