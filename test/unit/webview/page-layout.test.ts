import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cellOf, layOutPages, pageAt } from "../../../webview/draw/page-layout.ts";

const blocks = fc
  .array(fc.record({ gap: fc.nat(50), pageCount: fc.integer({ min: 1, max: 300 }) }), { minLength: 1, maxLength: 6 })
  .map((parts) => {
    let next = 0;
    return parts.map(({ gap, pageCount }, i) => {
      const firstPage = next + gap;
      next = firstPage + pageCount;
      return { label: String(i), firstPage, pageCount };
    });
  });

test("the page under a cell's middle is the cell's page, and blocks do not overlap", () => {
  fc.assert(
    fc.property(
      blocks,
      fc.integer({ min: 1, max: 64 }),
      fc.constantFrom(0.25, 1, 3, 16),
      (parts, columns, cellSize) => {
        const layout = layOutPages(parts, columns, cellSize);
        for (const [i, block] of layout.blocks.entries()) {
          const next = layout.blocks[i + 1];
          assert.ok(next === undefined || block.top + block.height <= next.headingTop);
          for (let page = block.firstPage; page < block.firstPage + block.pageCount; page++) {
            const cell = cellOf(layout, page);
            assert.ok(cell !== undefined);
            assert.equal(pageAt(layout, cell.x + cellSize / 2, cell.y + cellSize / 2), page);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("nothing is under headings, past the last column, or after a block's last page", () => {
  const layout = layOutPages([{ label: "a", firstPage: 8, pageCount: 5 }], 4, 10);
  assert.equal(pageAt(layout, 5, 5), -1);
  assert.equal(pageAt(layout, 45, 25), -1);
  assert.equal(pageAt(layout, 5, 35), 12);
  assert.equal(pageAt(layout, 15, 35), -1);
  assert.equal(cellOf(layout, 13), undefined);
});
