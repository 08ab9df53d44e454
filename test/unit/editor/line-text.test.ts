import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { costliestLine, heatOf, lineText, markedLines } from "../../../src/editor/line-text.ts";
import { overhead, share, type Translate, time } from "../../../src/editor/wording.ts";
import type { LineFigures } from "../../../src/session/figures.ts";

const english: Translate = (message, ...args) =>
  message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)]));

function line(figures: Partial<LineFigures>): LineFigures {
  return {
    ...{ file: "a.c", line: 1, function: "main", share: 0, traps: 0, dirtyPages: 0, firstWrites: 0, stores: 0 },
    ...{ cycles: 0, low: 0, high: 0, programCycles: 0, regions: [] },
    layers: { program: 0, checkpointLibrary: 0, guestKernel: 0, hypervisor: 0, wire: 0, disk: 0 },
    events: { primitive: new Uint16Array(), count: new Float64Array(), cycles: new Float64Array() },
    ...figures,
  };
}

describe("the text behind a line", () => {
  it("says what it is asked for, and leaves out what is nothing", () => {
    const parts = [line({ share: 0.384, traps: 1204, dirtyPages: 1, cycles: 2900, stores: 266_000 })];
    assert.equal(lineText(parts, ["share", "traps", "pages"], 2.9, english), "38 % · 1,204 traps · 1 page");
    assert.equal(lineText(parts, ["time", "cycles", "stores"], 2.9, english), "1.00 µs · 2,900 cycles · 266 k stores");
    assert.equal(lineText([line({ share: 0.02 })], ["share", "traps", "pages", "time"], 1, english), "2.0 %");
  });

  it("adds up the functions that a line is in", () => {
    const parts = [line({ share: 0.1, traps: 1 }), line({ function: "other", share: 0.2, traps: 2 })];
    assert.equal(lineText(parts, ["share", "traps"], 1, english), "30 % · 3 traps");
  });

  it("finds the line that costs most, over its functions and all files", () => {
    const lines = [
      line({ line: 3, share: 0.3, cycles: 3 }),
      line({ line: 3, function: "other", share: 0.2, cycles: 2 }),
      line({ line: 3, share: 0.4, cycles: 4, file: "b.c" }),
      line({ line: 0, share: 0.9, cycles: 9 }),
    ];
    assert.deepEqual(costliestLine(lines), { file: "a.c", line: 3, share: 0.5 });
    assert.equal(costliestLine([line({ dirtyPages: 1 })]), undefined);
  });

  it("marks lines of the file from the threshold on, with what they cost or were the first to write", () => {
    const lines = [
      line({ line: 3, share: 0.5, cycles: 10 }),
      line({ line: 4, share: 0, dirtyPages: 2 }),
      line({ line: 5, share: 0.001, cycles: 1 }),
      line({ line: 6, stores: 9 }),
      line({ line: 7, share: 0.5, cycles: 10, file: "b.c" }),
      line({ line: 0, share: 0.5, cycles: 10 }),
    ];
    assert.deepEqual([...markedLines(lines, "a.c", 0).keys()], [3, 4, 5]);
    assert.deepEqual([...markedLines(lines, "a.c", 0.01).keys()], [3]);
  });

  it("grows hotter with the share", () => {
    assert.deepEqual([0.01, 0.05, 0.19, 0.2, 1].map(heatOf), ["low", "medium", "medium", "high", "high"]);
  });
});

describe("figures in words", () => {
  it("are shares", () => {
    assert.deepEqual([0, 0.0001, 0.001, 0.0345, 0.0996, 0.5, 1].map(share), [
      "0 %",
      "<0.1 %",
      "0.1 %",
      "3.5 %",
      "10 %",
      "50 %",
      "100 %",
    ]);
  });

  it("are times with three digits", () => {
    assert.deepEqual(
      [0, 5, 812, 4210, 17_300_000, 2_050_000_000, 999_999].map((cycles) => time(cycles, 1)),
      ["0 ns", "5.00 ns", "812 ns", "4.21 µs", "17.3 ms", "2.05 s", "1.00 ms"],
    );
    assert.equal(time(2900, 2.9), "1.00 µs");
  });

  it("are overheads", () => {
    assert.deepEqual([0, 2.687, 21.07, 1234.5].map(overhead), ["+0.00 %", "+2.69 %", "+21.1 %", "+1,235 %"]);
  });
});
