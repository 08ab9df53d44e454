// A page that is written and holds the bytes it had is dirty for whoever watches writes, and clean for whoever hashes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { Program } from "../../../src/program/program.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import { assemble } from "../instrument/harness.ts";
import { assertReplays, runInGuest } from "./live-run.ts";

const wasm = assemble(`(module
  (import "veloc" "init_single" (func $init (param i32 i32) (result i32)))
  (import "veloc" "mem_protect" (func $protect (param i32 i32 i32 i32) (result i32)))
  (import "veloc" "checkpoint" (func $checkpoint (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "ck\\00")
  (func (export "_start")
    (drop (call $init (i32.const 0) (i32.const 0)))
    (drop (call $protect (i32.const 0) (i32.const 4096) (i32.const 16384) (i32.const 1)))
    (i32.store (i32.const 4096) (i32.const 7))
    (i32.store (i32.const 8192) (i32.const 7))
    (drop (call $checkpoint (i32.const 16) (i32.const 1)))
    (i32.store (i32.const 4096) (i32.const 7))
    (i32.store (i32.const 8192) (i32.const 8))
    (i32.store (i32.const 12288) (i32.const 9))
    (i32.store (i32.const 12288) (i32.const 0))
    (drop (call $checkpoint (i32.const 16) (i32.const 2)))
    (i32.store (i32.const 8192) (i32.const 7))
    (drop (call $checkpoint (i32.const 16) (i32.const 3)))))`);
const program: Program = {
  path: "rewritten",
  language: "wat",
  wasm,
  lines: { kind: "none", lookup: () => undefined },
  sources: new Map(),
  diagnostics: [],
};
const instrumented = instrument(wasm, { mode: "record", maxMemoryPages: 16 });

test("pages saved by each technique, live and in replay", () => {
  const saved = (technique: "mprotect" | "soft-dirty" | "hash", environment: "native" | "xen-pv") => {
    const { run } = runInGuest(program, instrumented, { name: "rewritten", wasm }, [], {
      ...DEFAULT_MACHINE,
      technique,
      environment,
    });
    assertReplays(run, run.recording, technique);
    return run.checkpoints.map(({ saved: [region] }) => region.pageCount);
  };
  for (const environment of ["native", "xen-pv"] as const) {
    assert.deepEqual(saved("mprotect", environment), [4, 3, 1]);
    assert.deepEqual(saved("soft-dirty", environment), [4, 3, 1]);
    assert.deepEqual(saved("hash", environment), [4, 1, 1]);
  }
});
