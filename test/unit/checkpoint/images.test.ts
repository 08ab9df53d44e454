import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CheckpointImage, ImageStore } from "../../../src/checkpoint/images.ts";

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
