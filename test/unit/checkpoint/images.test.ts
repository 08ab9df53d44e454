import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CheckpointImage, ImageStore, newestImages } from "../../../src/checkpoint/images.ts";

const PAGE = 16;

/** A program's region over some versions: which pages changed at each, the first of all being whole. */
const history = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 8 }), { minLength: 1, maxLength: 8 });

function commitAll(changes: readonly number[][]): {
  store: ImageStore;
  images: CheckpointImage[];
  states: Uint8Array[];
} {
  const store = new ImageStore();
  const state = new Uint8Array(8 * PAGE);
  const images: CheckpointImage[] = [];
  const states: Uint8Array[] = [];
  changes.forEach((pages, step) => {
    for (const page of pages) state.fill(step * 16 + page + 1, page * PAGE, (page + 1) * PAGE);
    const saved = step === 0 ? [0, 1, 2, 3, 4, 5, 6, 7] : [...pages].sort((a, b) => a - b);
    const image: CheckpointImage = {
      name: "state",
      version: step + 1,
      cycle: step,
      regions: [
        {
          id: 7,
          group: "",
          label: "",
          sizeBytes: state.length,
          whole: step === 0,
          offsets: Uint32Array.from(saved, (page) => page * PAGE),
          lengths: new Uint32Array(saved.length).fill(PAGE),
          bytes: Uint8Array.from(saved.flatMap((page) => [...state.subarray(page * PAGE, (page + 1) * PAGE)])),
        },
      ],
    };
    store.commit(image);
    images.push(image);
    states.push(state.slice());
  });
  return { store, images, states };
}

test("every version restores to its bytes, whatever the deltas between", () => {
  fc.assert(
    fc.property(history, (changes) => {
      const { store, images, states } = commitAll(changes);
      for (const [i, image] of images.entries()) assert.deepEqual(store.restore(image, 7, ""), states[i]);
    }),
  );
});

test("the newest version below a limit, and a removed name", () => {
  const { store, images } = commitAll([[0], [1], [2]]);
  assert.equal(store.newestVersion("state", 0), 3);
  assert.equal(store.newestVersion("state", 3), 2);
  assert.equal(store.newestVersion("state", 1), undefined);
  assert.equal(store.newestVersion("other", 0), undefined);
  assert.equal(store.restore(images[2], 8, ""), undefined);
  store.remove("state");
  assert.equal(store.newestVersion("state", 0), undefined);
});

test("the newest images that have room restore to what they did, and so does the one that stands for all older ones", () => {
  fc.assert(
    fc.property(history, fc.nat(12 * 8 * PAGE), (changes, mostBytes) => {
      const { images, states } = commitAll(changes);
      const kept = newestImages(images, mostBytes);
      const store = new ImageStore(kept);
      const dropped = images.length - kept.length;
      for (const [i, image] of kept.entries()) assert.deepEqual(store.restore(image, 7, ""), states[dropped + i]);
      const sizes = kept.map(({ regions }) => regions[0].bytes.length);
      const newest = dropped > 0 || kept[0] !== images[0] ? sizes.slice(1) : sizes;
      assert.ok(newest.reduce((sum, size) => sum + size, 0) <= mostBytes);
      // One more would not have had room.
      if (newest.length < sizes.length) {
        const merged = images[dropped].regions[0].bytes.length;
        assert.ok(newest.reduce((sum, size) => sum + size, merged) > mostBytes);
      }
    }),
  );
});

test("regions that a later delta builds on stay, though the last of the older images has none of them", () => {
  const { images } = commitAll([[0], [1], [2]]);
  const [whole] = images[0].regions;
  const other = { ...images[1], regions: [{ ...whole, id: 8, label: "other" }] };
  const kept = newestImages([images[0], other, images[2]], 2 * PAGE);
  assert.equal(kept.length, 2);
  assert.deepEqual(
    kept[0].regions.map(({ id, whole: isWhole }) => [id, isWhole]),
    [
      [7, true],
      [8, true],
    ],
  );
  assert.equal(new ImageStore(kept).restore(kept[1], 7, "")?.length, 8 * PAGE);
});
