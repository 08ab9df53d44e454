// Images as bytes, and the steps that bring them to where they are kept: whatever a crash leaves, a start finds what is whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CheckpointImage } from "../../../src/checkpoint/images.ts";
import { commitSteps } from "../../../src/checkpoint/store/commit-steps.ts";
import { crc32c } from "../../../src/checkpoint/store/crc32c.ts";
import { cutsOf } from "../../../src/checkpoint/store/cuts.ts";
import { BackupDevice, type ByteSpan, type Remains, type Survival } from "../../../src/checkpoint/store/device.ts";
import { decodeImage, type EncodedImage, ImageEncoder } from "../../../src/checkpoint/store/image-format.ts";
import { imageName, readName } from "../../../src/checkpoint/store/names.ts";
import { bytesInMemory, recover } from "../../../src/checkpoint/store/recover.ts";
import { receive } from "../../../src/checkpoint/store/replica.ts";
import { chargeSeal, indexBytes } from "../../../src/checkpoint/targets.ts";
import { DEFAULT_OPTIONS, TARGETS } from "../../../src/checkpoint/technique.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { P, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { type History, histories, historyOf, restorable } from "./store-histories.ts";

const target = fc.constantFrom(...TARGETS);

test("CRC-32C gives what RFC 3720 says", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  for (const [bytes, sum] of [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [ascending.slice().reverse(), 0x113fdb5c],
    [new TextEncoder().encode("123456789"), 0xe3069283],
  ] as const)
    assert.equal(crc32c(bytes), sum);
  const shifted = new Uint8Array(33);
  shifted.set(ascending, 1);
  assert.equal(crc32c(shifted.subarray(1)), 0x46dd794e, "wherever the bytes lie in memory");
});

test("what is encoded comes back as it was, and takes what it is priced at and the table of its regions", () => {
  const region = fc.record({
    id: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    ...{ group: fc.string({ unit: "grapheme" }), label: fc.string({ unit: "grapheme" }) },
    bytes: fc.uint8Array({ maxLength: 40 }),
    gap: fc.nat(9),
  });
  fc.assert(
    fc.property(
      fc.array(region, { maxLength: 5 }),
      fc.record({ name: fc.string(), version: fc.nat(), cycle: fc.nat(2 ** 50), sequence: fc.nat(1e9) }),
      (regions, { name, version, cycle, sequence }) => {
        const image: CheckpointImage = {
          ...{ name, version, cycle },
          regions: regions.map(({ id, group, label, bytes, gap }) => {
            const half = bytes.length >> 1;
            const lengths = Uint32Array.from(half === 0 ? [] : [half, bytes.length - half]);
            const offsets = lengths.map((_, i) => (i === 0 ? gap : gap + half + 1));
            const saved = half === 0 ? new Uint8Array() : bytes;
            return { id, group, label, sizeBytes: 100, whole: true, offsets, lengths, bytes: saved };
          }),
        };
        const { bytes, ends } = new ImageEncoder(sequence).encode(image);
        const decoded = decodeImage(bytesInMemory(bytes));
        assert.deepEqual(decoded?.image, image);
        assert.equal(decoded?.sequence, sequence);
        const runs = image.regions.reduce((sum, { offsets }) => sum + offsets.length, 0);
        const payload = image.regions.reduce((sum, one) => sum + one.bytes.length, 0);
        const table = bytes.length - payload - indexBytes(runs);
        assert.equal(ends[0] + payload, bytes.length);
        assert.ok(table >= 32 * regions.length && table % 8 === 0, `a table of ${table} bytes`);
      },
    ),
  );
});

test("a commit flushes, seals and waits as often as it is charged for", () => {
  const [encoded] = encodeAll(historyOf([{ name: "a", regions: [piece(0)] }]));
  for (const target of TARGETS) {
    const ledger = new Ledger(PRIMITIVES.length);
    chargeSeal(ledger, { ...DEFAULT_OPTIONS, target }, 1);
    const charged = ledger.totals();
    const kinds = commitSteps(target, encoded).map(({ step }) => step.kind);
    const count = (...wanted: string[]) => kinds.filter((kind) => wanted.includes(kind)).length;
    if (target !== "memory") assert.equal(charged[P.disk_flush], count("flush", "flush-directory"));
    assert.equal(charged[P.wire_round_trip], count("acknowledge"));
    if (target === "memory") assert.equal(charged[P.image_header], 1);
  }
});

/** A crash of which everything is chance. */
const chance = fc.record({
  spans: fc.infiniteStream(fc.array(fc.nat(400), { maxLength: 6 })),
  whole: fc.infiniteStream(fc.boolean()),
  names: fc.infiniteStream(fc.boolean()),
  arrived: fc.double({ min: 0, max: 1, noNaN: true }),
  unwritten: fc.nat(255),
  /** How much of the last commit was begun. */
  steps: fc.double({ min: 0, max: 1, noNaN: true }),
  flips: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(7)), { maxLength: 2 }),
  isDamaged: fc.boolean(),
});
type Chance = typeof chance extends fc.Arbitrary<infer T> ? T : never;

function survivalOf({ spans, whole, names, arrived }: Chance): Survival {
  const next = <T>(stream: Iterator<T>): T => stream.next().value as T;
  return {
    write(bytes): readonly ByteSpan[] {
      if (next(whole)) return [[0, bytes]];
      const ends = [...new Set(next(spans).map((at) => at % (bytes + 1)))].sort((a, b) => a - b);
      return ends.flatMap((to, i): ByteSpan[] => (i % 2 === 1 ? [[ends[i - 1], to]] : []));
    },
    directory: () => next(names),
    arrived: (bytes) => Math.floor(bytes * arrived),
  };
}

/** Everything committed but the last, and of that some steps; then a crash, and perhaps some flipped bits in anything. */
function crashed(
  target: (typeof TARGETS)[number],
  encoded: readonly EncodedImage[],
  device: BackupDevice,
  how: Chance,
) {
  encoded.forEach((one, i) => {
    const steps = commitSteps(target, one);
    const begun = i < encoded.length - 1 ? steps.length : Math.round(how.steps * steps.length);
    for (const { step } of steps.slice(0, begun)) device.do(step);
  });
  const remains = device.crash(survivalOf(how));
  return how.isDamaged ? damaged(remains, how.flips) : remains;
}

function damaged(remains: Remains, flips: Chance["flips"]): Remains {
  const files = new Map(remains.files);
  const messages = remains.messages.map((message) => message.slice());
  for (const [which, where, bit] of flips) {
    const names = [...files.keys()];
    const place = which % Math.max(1, names.length + messages.length);
    const message = messages[place - names.length];
    if (message !== undefined && message.length > 0) message[where % message.length] ^= 1 << bit;
    const file = files.get(names[place]);
    if (file === undefined || file.sizeBytes === 0) continue;
    const bytes = file.read(0, file.sizeBytes).slice();
    bytes[where % bytes.length] ^= 1 << bit;
    files.set(names[place], bytesInMemory(bytes));
  }
  return { files, messages };
}

function encodeAll({ images }: History): EncodedImage[] {
  const encoder = new ImageEncoder();
  return images.map((image) => encoder.encode(image));
}

/** Whether an image is there to the last byte, under its name; or all of its messages are. */
function isThere({ files, messages }: Remains, { sequence, bytes }: EncodedImage): boolean {
  const file = files.get(imageName(sequence)) ?? bytesInMemory(receive(messages).get(sequence) ?? new Uint8Array());
  return Buffer.compare(file.read(0, file.sizeBytes), bytes) === 0;
}

function assertFinds(history: History, encoded: readonly EncodedImage[], remains: Remains): void {
  const expected = restorable(history, (i) => isThere(remains, encoded[i]));
  const { usable, store, nextSequence } = recover(remains);
  assert.deepEqual(
    usable.map(({ image }) => image),
    expected.map((i) => history.images[i]),
  );
  assert.deepEqual(
    store.images.map(({ version }) => version),
    expected.map((i) => history.images[i].version),
  );
  expected.forEach((i, at) => {
    for (const { id, group } of history.images[i].regions)
      assert.deepEqual(store.restore(store.images[at], id, group), history.states[i].get(id));
  });
  for (const name of remains.files.keys()) assert.ok((readName(name)?.sequence ?? -1) < nextSequence, name);
}

test("whatever a crash leaves of a commit, and whichever bits are flipped, what is found is what is whole", () => {
  let torn = 0;
  let damage = 0;
  fc.assert(
    fc.property(histories, target, chance, (history, target, how) => {
      const encoded = encodeAll(history);
      const remains = crashed(target, encoded, new BackupDevice(how.unwritten), how);
      assertFinds(history, encoded, remains);
      const last = encoded[encoded.length - 1];
      if (!isThere(remains, last)) torn++;
      if (encoded.slice(0, -1).some((one) => !isThere(remains, one))) damage++;
    }),
    { numRuns: 1500 },
  );
  assert.ok(torn > 300 && damage > 100, `${torn} torn and ${damage} damaged ones are too few to tell anything`);
});

test("what was committed before is found after any crash, and the last once its commit has ended", () => {
  fc.assert(
    fc.property(histories, target, chance, (history, target, how) => {
      const encoded = encodeAll(history);
      const remains = crashed(target, encoded, new BackupDevice(how.unwritten), { ...how, isDamaged: false });
      const steps = commitSteps(target, encoded[encoded.length - 1]).length;
      const ended = Math.round(how.steps * steps) === steps;
      const { length } = recover(remains).usable;
      assert.ok(length === encoded.length || (length === encoded.length - 1 && !ended), `${length} are found`);
    }),
    { numRuns: 600 },
  );
});

test("who goes on from what a crash left commits beside it, and the next crash finds both", () => {
  fc.assert(
    fc.property(histories, histories, target, chance, chance, (first, second, target, one, other) => {
      const before = crashed(target, encodeAll(first), new BackupDevice(one.unwritten), one);
      const { usable, nextSequence } = recover(before);
      const encoder = new ImageEncoder(nextSequence);
      const encoded = second.images.map((image) => encoder.encode(image));
      const device = BackupDevice.after(before, one.unwritten);
      const remains = crashed(target, encoded, device, { ...other, isDamaged: false });
      assert.deepEqual(
        recover(remains).usable.map(({ image }) => image),
        [
          ...usable.map(({ image }) => image),
          ...restorable(second, (i) => isThere(remains, encoded[i])).map((i) => second.images[i]),
        ],
      );
    }),
    { numRuns: 400 },
  );
});

test("every cut of a commit finds what it must, and a protocol without one of its steps is found out", () => {
  const history = historyOf([
    { name: "a", regions: [piece(0), piece(1)] },
    { name: "a", regions: [{ ...piece(0), whole: false }, piece(1)] },
  ]);
  const [first, second] = encodeAll(history);
  /** How many cuts find something else than they must. */
  const wrong = (target: (typeof TARGETS)[number], leftOut: string) => {
    const device = new BackupDevice(0xa5);
    for (const { step } of commitSteps(target, first)) device.do(step);
    const steps = commitSteps(target, second).filter(({ label }) => label !== leftOut);
    const ats: string[] = [];
    let wrongOnes = 0;
    for (const { at, remains, finds } of cutsOf(device, steps, second)) {
      ats.push(at);
      const { length } = recover(remains).usable;
      if (finds === "either" ? length === 0 : length !== (finds === "it" ? 2 : 1)) wrongOnes++;
    }
    assert.equal(new Set(ats).size, ats.length, "no two cuts are called the same");
    return wrongOnes;
  };
  for (const target of TARGETS) assert.equal(wrong(target, ""), 0, target);
  for (const [target, step] of [
    ["disk", "flush"],
    ["disk", "rename"],
    ["disk", "flush of the directory"],
    ["memory", "header"],
    ["memory", "fence after the header"],
    ["replica", "acknowledgement"],
    ["replica", "message 2 of 5"],
  ] as const)
    assert.ok(wrong(target, step) > 0, `${target} without its ${step}`);
});

function piece(id: number) {
  return { id, whole: true, pieces: [1, 3], bytes: Uint8Array.from({ length: 24 }, (_, i) => id + i) };
}
