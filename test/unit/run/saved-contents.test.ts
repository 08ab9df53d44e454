import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Region } from "../../../src/checkpoint/regions.ts";
import { SavedContents } from "../../../src/run/saved-contents.ts";

const PAGES = 6;

test("a page has changed when a region that was saved before holds other bytes on it than then", () => {
  const area = fc.record({ address: fc.nat(3 * 4096), bytes: fc.integer({ min: 0, max: 2 * 4096 + 50 }) });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("write" as const), at: fc.nat(PAGES * 4096 - 1), value: fc.nat(1) }),
    fc.record({ kind: fc.constant("save" as const), which: fc.uniqueArray(fc.nat(2), { minLength: 1 }) }),
    fc.record({ kind: fc.constant("protect" as const), which: fc.nat(2), area }),
  );
  fc.assert(
    fc.property(fc.array(area, { minLength: 3, maxLength: 3 }), fc.array(step, { maxLength: 60 }), (areas, steps) => {
      const memory = new Uint8Array(PAGES * 4096);
      const make = (id: number, { address, bytes }: { address: number; bytes: number }) => {
        const region = new Region({ id, group: "", address, bytes, label: "" }, id);
        for (let i = 0; i < region.pages.pageCount; i++) region.pendingLines.take(region.pages.first + i);
        region.pendingLines.finish();
        return region;
      };
      const regions = areas.map((one, id) => make(id, one));
      const copies: (Uint8Array | undefined)[] = [undefined, undefined, undefined];
      const contents = new SavedContents();
      for (const one of steps) {
        if (one.kind === "write") {
          memory[one.at] = one.value;
          const page = one.at >> 12;
          const line = (one.at & 4095) >> 6;
          const low = Uint32Array.of(line < 32 ? 1 << line : 0);
          const high = Uint32Array.of(line < 32 ? 0 : 1 << (line - 32));
          for (const region of regions) region.pendingLines.note({ pages: Uint32Array.of(page), low, high });
        } else if (one.kind === "protect") {
          regions[one.which] = make(one.which, one.area);
          copies[one.which] = undefined;
        } else {
          const expected = new Set<number>();
          for (const id of one.which) {
            const { address, bytes } = regions[id].spec;
            copies[id]?.forEach((byte, i) => {
              if (byte !== memory[address + i]) expected.add((address + i) >> 12);
            });
            copies[id] = memory.slice(address, address + bytes);
          }
          const changed = contents.save(
            one.which.map((id) => regions[id]),
            memory,
          );
          assert.deepEqual(
            [...changed],
            [...expected].sort((a, b) => a - b),
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});
