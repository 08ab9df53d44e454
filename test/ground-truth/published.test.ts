import assert from "node:assert/strict";
import { test } from "node:test";
import published from "../../src/run/ground-truth/published.json" with { type: "json" };
import { validatePublished } from "../../src/run/published.ts";

interface MarkedTable {
  readonly figures?: readonly { readonly knownMiss?: string }[];
  readonly rows?: readonly { readonly knownMiss?: Readonly<Record<string, string | undefined>> }[];
}

const { checks, skipped } = validatePublished();

test("published figures: what misses its bound is known to, and is a check with its figures and its reason", () => {
  const missed = checks.filter(({ holds }) => !holds);
  assert.deepEqual(
    missed.map(
      ({ source, case: name, column }) => `${source}: ${name}${column === undefined ? "" : `, ${column.name}`}`,
    ),
    [
      "Xen, SOSP'03, lmbench: null call",
      "Xen, SOSP'03, lmbench: signal installation",
      "Xen, SOSP'03, lmbench: signal handler",
      "Xen, SOSP'03, lmbench: fork",
      "OoH, SC'22, table IV: page faults, kernel, 1 MB",
      "OoH, SC'22, table IV: page faults, userfaultfd, 1 MB",
      "OoH, SC'22, table IV: page faults, userfaultfd, 10 MB",
      "OoH, SC'22, table IV: ring buffer copy, 1 MB",
      "OoH, SC'22, table IV: ring buffer copy, 10 MB",
      "OoH, SC'22, table IVa: context switch",
      "OoH, SC'22, table I: overhead on the tracked, userfaultfd, 10 MB",
      "OoH, SC'22, table I: overhead on the tracked, /proc, 10 MB",
      "OoH, SC'22, table I: overhead on the tracked, /proc, 50 MB",
      "OoH, SC'22, table I: overhead on the tracker, userfaultfd, 1 MB",
      "OoH, SC'22, table I: overhead on the tracker, userfaultfd, 10 MB",
      "OoH, SC'22, table I: overhead on the tracker, userfaultfd, 50 MB",
      "OoH, SC'22, table I: overhead on the tracker, /proc, 1 MB",
      "OoH, SC'22, table I: overhead on the tracker, /proc, 10 MB",
      "OoH, SC'22, table I: overhead on the tracker, /proc, 50 MB",
      "OoH, SC'22, figure 4: slow-down of the tracked, SPML, 1 MB",
    ],
  );
  for (const { case: name, knownMiss, simulated, error, reason } of missed) {
    assert.equal(knownMiss, true, name);
    assert.ok(reason !== undefined && reason !== "", name);
    assert.ok(simulated === null ? reason.includes("not simulated") : error !== 0, name);
  }
});

test("published figures: no figure is marked as out of reach that holds", () => {
  const tables: readonly object[] = published.tables;
  const marks = (tables as readonly MarkedTable[]).flatMap(({ figures = [], rows = [] }) => [
    ...figures.flatMap(({ knownMiss }) => knownMiss ?? []),
    ...rows.flatMap(({ knownMiss = {} }) => Object.values(knownMiss)),
  ]);
  assert.ok(marks.length > 0);
  assert.equal(checks.filter(({ knownMiss }) => knownMiss === true).length, marks.length);
});

test("published figures: every figure of a table is a check", () => {
  for (const { source, rows = [], columns = [] } of published.tables) {
    const figures = checks.filter((check) => check.source === source && check.column !== undefined);
    assert.equal(figures.length, rows.length * columns.length, source);
  }
});

test("each bound has its reason", () => {
  for (const { case: name, bound, boundReason } of checks) {
    assert.ok(Number.isFinite(bound) && boundReason.length > 20, name);
  }
});

test("published figures: the parts of a write fault come out within 5 %, from one profile", () => {
  const parts = checks.filter(({ source }) => source.startsWith("P. Xu"));
  assert.equal(parts.length, 12);
  for (const { case: name, quantity, expected, simulated, bound, holds } of parts) {
    assert.equal(bound, 0.05);
    assert.ok(holds, `${name}, ${quantity}: ${simulated}, published ${expected}`);
  }
  const of = (way: string, quantity: string) =>
    Number(parts.find((check) => check.case === way && check.quantity.startsWith(quantity))?.simulated);
  for (const way of ["mprotect", "userfaultfd with SIGBUS", "userfaultfd with a thread"].map(
    (name) => `write fault, ${name}`,
  )) {
    const sum = ["write to handler", "handler opens", "handler to next"].reduce(
      (total, part) => total + of(way, part),
      0,
    );
    assert.ok(Math.abs(sum - of(way, "whole")) < 1e-9, way);
  }
});

test("published figures: each says its machine, its prices and how sure it is; the same each time", () => {
  for (const { case: name, machine, prices, confidence } of checks) {
    assert.ok(machine !== undefined && prices !== undefined && confidence !== undefined, name);
  }
  assert.deepEqual(validatePublished(), { checks, skipped });
});

test("published figures: what nothing is composed of is listed with its reason, not left out", () => {
  assert.equal(skipped.length, 8);
  for (const { source, reason } of skipped) {
    assert.match(source, /^OoH/);
    assert.match(reason, /is not simulated$|nothing is composed of events$/);
  }
});

test("published figures: the tables of OoH hold by their median, over every figure, missed or not", () => {
  for (const [source, count] of [
    ["OoH, SC'22, table IV", 49],
    ["OoH, SC'22, table I", 28],
  ] as const) {
    const figures = checks.filter((check) => check.source === source && check.column !== undefined);
    assert.equal(figures.length, count);
    const errors = figures.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
    const median = (errors[(errors.length - 1) >> 1] + errors[errors.length >> 1]) / 2;
    const check = checks.find((candidate) => candidate.source === source && candidate.quantity.startsWith("median"));
    assert.equal(check?.simulated, median);
    assert.equal(check?.bound, 0.1);
  }
});
