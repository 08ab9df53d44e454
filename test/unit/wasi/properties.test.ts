// Random programs against the promises that hold for all of them. A failure prints its seed.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SIGNATURES } from "../../../src/guest/wasi/abi.ts";
import { FileContent } from "../../../src/guest/wasi/file-content.ts";
import { SeededRandom } from "../../../src/guest/wasi/random.ts";
import { ProcessExit } from "../../../src/guest/wasi/types.ts";
import { Caller, PROGRAM_BYTES } from "./caller.ts";

const PATHS = [
  "file",
  "folder",
  "folder/inner",
  "folder/up",
  "link",
  "out",
  "new",
  "folder/new",
  "..",
  ".",
  "new/",
  "a/b",
];

/** 32-bit values that mean something: descriptors, flags, lengths, places in memory, and the edges. */
const word = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 3, arbitrary: fc.constantFrom(...PATHS.map((_, i) => 20_000 + i * 32)) },
  { weight: 2, arbitrary: fc.constantFrom(10_000, 1000, 2000, 30_000, 100) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(PROGRAM_BYTES - 4, PROGRAM_BYTES - 1, PROGRAM_BYTES, 65_532, 0xffff_ffff, -1),
  },
);
const wide = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 100n }) },
  { weight: 2, arbitrary: fc.constant((1n << 30n) - 1n) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }) },
);
const callOf = (names: readonly string[]) =>
  fc
    .constantFrom(...names)
    .chain((name) =>
      fc.tuple(
        fc.constant(name),
        fc.tuple(...[...(SIGNATURES.get(name) ?? "")].map((kind) => (kind === "I" ? wide : word))),
      ),
    );
const anyCall = callOf([...SIGNATURES.keys()]);

/** A call on paths that often succeeds. */
const path = fc.nat({ max: PATHS.length - 1 }).map((i): [number, number] => [20_000 + i * 32, PATHS[i].length]);
const goodCall = fc.oneof(
  fc
    .tuple(path, fc.constantFrom(0, 1, 2, 8, 9))
    .map(([p, flags]) => ["path_open", [3, 1, ...p, flags, (1n << 30n) - 1n, (1n << 30n) - 1n, 0, 30_000]] as const),
  path.map((p) => ["path_create_directory", [3, ...p]] as const),
  path.map((p) => ["path_unlink_file", [3, ...p]] as const),
  path.map((p) => ["path_remove_directory", [3, ...p]] as const),
  fc.tuple(path, path).map(([p, q]) => ["path_rename", [3, ...p, 3, ...q]] as const),
  fc.tuple(path, path).map(([p, q]) => ["path_link", [3, 0, ...p, 3, ...q]] as const),
  fc.tuple(path, path).map(([p, q]) => ["path_symlink", [...p, 3, ...q]] as const),
  fc
    .tuple(fc.integer({ min: 4, max: 10 }), fc.nat(60))
    .map(([fd, n]) => ["fd_pwrite", [fd, 10_000, 2, BigInt(n * 1000), 30_000]] as const),
  fc.tuple(fc.integer({ min: 0, max: 10 })).map(([fd]) => ["fd_read", [fd, 10_000, 2, 30_000]] as const),
  fc.integer({ min: 4, max: 10 }).map((fd) => ["fd_readdir", [fd, 1000, 150, 0n, 30_000]] as const),
  fc.integer({ min: 4, max: 10 }).map((fd) => ["fd_close", [fd]] as const),
);

function layOut(caller: Caller): void {
  for (const [i, text] of PATHS.entries()) caller.path(text, 20_000 + i * 32);
  caller.ranges([1000, 700], [2000, 900]);
}

test("whatever is called: an error number, and no byte changed unannounced", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyCall, goodCall), { minLength: 5, maxLength: 60 }), (calls) => {
      const caller = new Caller();
      layOut(caller);
      for (const [name, values] of calls) {
        let errno = 0;
        try {
          errno = caller.call(name, ...values);
        } catch (error) {
          if (!(error instanceof ProcessExit)) throw error;
        }
        assert.ok(Number.isInteger(errno) && errno >= 0 && errno <= 76);
      }
      for (const { fd } of caller.wasi.openDescriptors()) caller.call("fd_close", fd);
      // A clone counts its names and bytes afresh.
      const clone = caller.tree.clone();
      assert.equal(caller.tree.usedBytes, clone.usedBytes);
      assert.equal(caller.tree.entryCount, clone.entryCount);
      const above = new Uint8Array(caller.memory.buffer).subarray(PROGRAM_BYTES);
      assert.ok(
        above.every((byte) => byte === 0x5a),
        "what lies above the program is not touched",
      );
    }),
    { numRuns: 150 },
  );
});

test("arguments of the wrong type make no call throw", () => {
  const odd = fc.constantFrom<unknown>(Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, 3n, -1n, undefined, null, 1e300);
  fc.assert(
    fc.property(fc.constantFrom(...SIGNATURES.keys()), fc.array(odd, { maxLength: 9 }), (name, values) => {
      const caller = new Caller();
      try {
        assert.ok(Number.isInteger(caller.call(name, ...(values as number[]))));
      } catch (error) {
        assert.ok(error instanceof ProcessExit);
      }
    }),
    { numRuns: 500 },
  );
});

test("a file's contents are those of a plain array, and clones do not see each other's writes", () => {
  const offset = fc.oneof(fc.nat(400_000), fc.constantFrom(0, 255, 256, 65_535, 65_536, 65_537, 131_072));
  const step = fc.oneof(
    fc.record({
      what: fc.constant("write" as const),
      offset,
      length: fc.nat(140_000),
      value: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({
      what: fc.constant("write" as const),
      offset,
      length: fc.nat(300),
      value: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({ what: fc.constant("resize" as const), offset }),
    fc.record({ what: fc.constant("clone" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), offset, (steps, at) => {
      let model = new Uint8Array();
      const content = new FileContent();
      const clones: [FileContent, Uint8Array][] = [];
      for (const next of steps) {
        if (next.what === "clone") {
          const clone = content.clone();
          assert.ok(clone.equals(content));
          clones.push([clone, model.slice()]);
          continue;
        }
        const size =
          next.what === "resize" ? next.offset : Math.max(model.length, next.length && next.offset + next.length);
        const grown = new Uint8Array(size);
        grown.set(model.subarray(0, size));
        model = grown;
        if (next.what === "resize") {
          content.resize(size);
        } else {
          const bytes = new Uint8Array(next.length).fill(next.value);
          model.set(bytes, next.length === 0 ? 0 : next.offset);
          content.write(bytes, next.offset);
        }
      }
      assert.equal(Buffer.compare(content.bytes(), model), 0);
      for (const [clone, then] of clones) {
        assert.equal(Buffer.compare(clone.bytes(), then), 0);
        assert.equal(clone.equals(content), Buffer.compare(then, model) === 0);
      }
      const piece = new Uint8Array(5000).fill(9);
      const count = content.read(piece, at);
      assert.equal(Buffer.compare(piece.subarray(0, count), model.subarray(at, at + 5000)), 0);
    }),
    { numRuns: 150 },
  );
});

test("a cloned tree is the same and apart", () => {
  const caller = new Caller();
  const fd = caller.open("file");
  const clone = caller.tree.clone();
  caller.write(fd, "CHANGED!");
  caller.call("path_unlink_file", 3, ...caller.path("folder/inner"));
  const restarted = new Caller({ files: clone });
  assert.equal(restarted.read(restarted.open("file"), 20), "contents");
  assert.equal(restarted.read(restarted.open("folder/inner"), 20), "inside");
  assert.equal(restarted.read(restarted.open("folder/up"), 20), "contents");
});

test("random numbers: as published, and different for each seed", () => {
  // After the authors' description: splitmix64 over the bits of the double 1.0, then xoshiro128**.
  const reference = xoshiroReference(0x3ff0000000000000n);
  const ours = new SeededRandom(1);
  for (let i = 0; i < 1000; i++) assert.equal(BigInt(ours.next()), reference());
  const seen = new Set([0, 1, 2, -1, 0.5, 1e300].map((seed) => new SeededRandom(seed).next()));
  assert.equal(seen.size, 6);
  const bytes = new Uint8Array(1_000_003);
  new SeededRandom(3).fill(bytes);
  const mean = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
  assert.ok(Math.abs(mean - 127.5) < 0.5);
});

/** The published algorithm in plain 64-bit arithmetic. */
function xoshiroReference(seed: bigint): () => bigint {
  const mask32 = 0xffffffffn;
  const mask64 = (1n << 64n) - 1n;
  let counter = seed;
  const splitmix = (): bigint => {
    counter = (counter + 0x9e3779b97f4a7c15n) & mask64;
    let z = counter;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask64;
    return z ^ (z >> 31n);
  };
  const [a, b] = [splitmix(), splitmix()];
  let [s0, s1, s2, s3] = [a & mask32, a >> 32n, b & mask32, b >> 32n];
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask32;
  return () => {
    const result = (rotl((s1 * 5n) & mask32, 7n) * 9n) & mask32;
    const t = (s1 << 9n) & mask32;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotl(s3, 11n);
    return result;
  };
}
