import assert from "node:assert/strict";
import { test } from "node:test";
import { validatePublished } from "../../src/run/published.ts";

const { checks, skipped } = validatePublished();

test("published figures: all that are bounded hold; what cannot be reached is listed with its figures and its reason", () => {
  assert.deepEqual(
    checks.filter(({ holds }) => !holds),
    [],
  );
  const missed = skipped.filter(({ reason }) => reason.startsWith("missed: "));
  assert.deepEqual(
    missed.map(
      ({ source, case: name, missed: check }) =>
        `${source}: ${name}${check?.column === undefined ? "" : `, ${check.column.name}`}`,
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
  for (const { case: name, missed: check } of missed) assert.equal(check?.holds, false, `${name} would hold`);
  for (const { case: name, reason } of missed) assert.match(reason, /published, .*simulated: .+/, name);
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
  const others = skipped.filter((entry) => !entry.reason.startsWith("missed: "));
  assert.equal(others.length, 8);
  for (const { source, reason } of others) {
    assert.match(source, /^OoH/);
    assert.match(reason, /is not simulated$|nothing is composed of events$/);
  }
});

test("published figures: the tables of OoH hold by their median, over every figure, missed or not", () => {
  for (const [source, count] of [
    ["OoH, SC'22, table IV", 49],
    ["OoH, SC'22, table I", 28],
  ] as const) {
    const figures = [...checks, ...skipped.flatMap(({ missed }) => missed ?? [])].filter(
      (check) => check.source === source && check.column !== undefined,
    );
    assert.equal(figures.length, count);
    const errors = figures.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
    const median = (errors[(errors.length - 1) >> 1] + errors[errors.length >> 1]) / 2;
    const check = checks.find((candidate) => candidate.source === source && candidate.quantity.startsWith("median"));
    assert.equal(check?.simulated, median);
    assert.equal(check?.bound, 0.1);
  }
});
