import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createMachine, DEFAULT_MACHINE } from "../../../src/run/machine.ts";

const PAGES = 60;
const LINES = 64;
const SITE = 0;

test("a region's dirty bytes are those of its lines that were written since it was last saved", () => {
  const area = fc.oneof(
    fc.record({ address: fc.nat(7 * 4096), bytes: fc.integer({ min: 1, max: 5 * 4096 - 1 }) }),
    fc.record({ address: fc.nat(7 * 4096), bytes: fc.integer({ min: 1, max: 50 * 4096 - 1 }) }),
  );
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const written = fc.uniqueArray(fc.record({ page: fc.nat(PAGES - 1), low: word, high: word }), {
    selector: ({ page }) => page,
  });
  const epoch = fc.record({ written, saved: fc.uniqueArray(fc.nat(1), { minLength: 1 }) });
  fc.assert(
    fc.property(fc.tuple(area, area), fc.array(epoch, { maxLength: 8 }), (areas, epochs) => {
      // It saves all pages, written or not.
      const options = { ...DEFAULT_MACHINE, environment: "native", technique: "full-copy" } as const;
      const { engine } = createMachine(options, { startPages: PAGES, residentPages: [] });
      const regions = areas.map(({ address, bytes }, id) =>
        engine.protect({ id, group: "", address, bytes, label: "" }, SITE),
      );
      /** Of each region the numbers of lines in memory: all, until it is first saved. */
      const dirty = areas.map(() => new Set(Array.from({ length: PAGES * LINES }, (_, line) => line)));
      for (const { written, saved } of epochs) {
        engine.noteLines({
          pages: Uint32Array.from(written, ({ page }) => page),
          low: Uint32Array.from(written, ({ low }) => low),
          high: Uint32Array.from(written, ({ high }) => high),
        });
        for (const { page, low, high } of written)
          for (let line = 0; line < LINES; line++)
            if ((((line < 32 ? low : high) >>> (line & 31)) & 1) === 1)
              for (const lines of dirty) lines.add(page * LINES + line);
        const parts = engine.save(
          saved.map((id) => regions[id]),
          SITE,
        );
        engine.commit(SITE);
        for (const { region, dirtyBytes } of parts) {
          const { address, bytes } = region.spec;
          let expected = 0;
          for (const line of dirty[region.number])
            expected += Math.max(0, Math.min(address + bytes, line * 64 + 64) - Math.max(address, line * 64));
          assert.equal(dirtyBytes, expected);
          dirty[region.number].clear();
        }
      }
    }),
    { numRuns: 300 },
  );
});
