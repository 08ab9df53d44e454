import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import type { Recording } from "../../../src/run/recording.ts";
import { report } from "../../../src/run/report.ts";
import { exportRun } from "../../../src/session/exports/export-run.ts";
import { type ExportedRun, exportedRunOf } from "../../../src/session/exports/exported-run.ts";
import { EXPORT_TABLES } from "../../../src/session/exports/formats.ts";
import type { ExportTable } from "../../../src/session/exports/table.ts";
import { exportTable } from "../../../src/session/exports/tables.ts";
import { TIMELINE_PHASES } from "../../../src/session/figures.ts";
import { savedRun } from "../run/saved-run.ts";
import { forSeeds, type Random, randomMachine } from "./random-recording.ts";

function exported(recording: Recording, random: Random): ExportedRun {
  const machine = randomMachine(random);
  const program = { path: 'a "b", c.c', language: "c", args: [] };
  const run = { ...savedRun(recording), program, options: machine };
  return exportedRunOf(run, machine, BUILT_IN_PROFILES[0]);
}

/** What a reader of any format should find: a value for each row and column, undefined where there is none. */
function valuesOf({ rowCount, columns }: ExportTable): (string | number | undefined)[][] {
  return Array.from({ length: rowCount }, (_, row) =>
    columns.map((column) => {
      if (column.kind === "text") return column.texts[column.index[row]];
      const value = column.values[row];
      return column.kind === "integer" && value === column.missing ? undefined : value;
    }),
  );
}

/** A reader of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/y;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    assert.ok(match, "no comma-separated values");
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2]);
    if (match[3] === "\r\n" && cell.lastIndex < text.length) rows.push([]);
  }
  return rows;
}

test("each table reads back from CSV and from Arrow as it was", () => {
  forSeeds(12, (recording, random) => {
    const awkward = { ...recording, sites: recording.sites.map((site) => ({ ...site, function: 'f<"a", b>\n' })) };
    const run = exported(awkward, random);
    for (const name of EXPORT_TABLES) {
      const table = exportTable(run, name);
      const expected = valuesOf(table);
      const names = table.columns.map((column) => column.name);
      const [head, ...rows] = parseCsv(new TextDecoder().decode(exportRun(run, "csv", name)));
      assert.deepEqual(head, names);
      assert.deepEqual(
        rows.map((row) =>
          row.map((text, i) => (table.columns[i].kind === "text" ? text : text === "" ? undefined : Number(text))),
        ),
        expected,
      );
      const arrow = tableFromIPC(exportRun(run, "arrow", name));
      assert.deepEqual(arrow.names, names);
      assert.deepEqual(
        expected,
        arrow.toArray().map((row) => names.map((column) => (row as Record<string, unknown>)[column] ?? undefined)),
      );
    }
  });
});

test("costs and events add up to the report, lines and checkpoints are its own", () => {
  forSeeds(25, (recording, random) => {
    const run = exported(recording, random);
    const costs = report(recording, run.history.outcome, run.prices);
    const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) <= 1e-9 * (1 + expected));
    const sumOf = (name: "costs" | "events") => {
      const table = exportTable(run, name);
      const phase = table.columns.findIndex((column) => column.name === "phase");
      const cycles = table.columns.findIndex((column) => column.name === "cycles");
      return valuesOf(table)
        .filter((row) => row[phase] !== "run" && row[phase] !== "background")
        .reduce((sum, row) => sum + Number(row[cycles]), 0);
    };
    near(sumOf("costs"), costs.overhead.cycles);
    near(sumOf("events"), costs.overhead.cycles);
    assert.equal(exportTable(run, "lines").rowCount, costs.lines.length);
    const checkpoints = exportTable(run, "checkpoints");
    assert.equal(checkpoints.rowCount, run.index.epochSummaries.filter(({ end }) => end !== "program").length);
  });
});

interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** The fields of a message in the wire format of Protocol Buffers. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      assert.ok(at < bytes.length, "a number ends in the middle");
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (tag % 8 === 0) fields.push({ number, value: varint() });
    else if (tag % 8 === 1) {
      fields.push({ number, value: new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0, true) });
      at += 8;
    } else {
      assert.equal(tag % 8, 2);
      const length = varint();
      assert.ok(at + length <= bytes.length, "a field ends outside of its message");
      fields.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return fields;
}

function message(fields: readonly Field[], number: number): Field[] | undefined {
  const value = fields.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? fieldsOf(value) : undefined;
}

function numberOf(fields: readonly Field[], number: number): number {
  const value = fields.find((field) => field.number === number)?.value;
  return typeof value === "number" ? value : -1;
}

function textOf(fields: readonly Field[], number: number): string {
  const value = fields.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
}

test("a Perfetto trace has nested slices in order on described tracks, whose cycles are those of the timeline", () => {
  forSeeds(30, (recording, random) => {
    const run = exported(recording, random);
    const packets = fieldsOf(exportRun(run, "perfetto")).map(({ number, value }) => {
      assert.ok(number === 1 && value instanceof Uint8Array);
      return fieldsOf(value);
    });
    assert.equal(numberOf(packets[0], 13), 1, "the first packet begins the sequence's state");
    const tracks = new Map<number, string>();
    const names = new Map<number, string>();
    const annotationNames = new Map<number, string>();
    const open = new Map<number, { name: string; start: number }[]>();
    const latest = new Map<number, number>();
    let cycles = 0;
    const checkpoints: string[] = [];
    let mostPages = 0;
    for (const packet of packets) {
      assert.equal(numberOf(packet, 10), 1);
      const described = message(packet, 60);
      if (described !== undefined) tracks.set(numberOf(described, 1), textOf(described, 2));
      for (const entry of (message(packet, 12) ?? []).map(({ number, value }) => ({ number, value }))) {
        assert.ok(entry.value instanceof Uint8Array);
        const fields = fieldsOf(entry.value);
        (entry.number === 2 ? names : annotationNames).set(numberOf(fields, 1), textOf(fields, 2));
      }
      const event = message(packet, 11);
      if (event === undefined) continue;
      const track = numberOf(event, 11);
      const time = numberOf(packet, 8);
      assert.ok(tracks.has(track) && time >= 0);
      if (numberOf(event, 9) === 4) {
        mostPages = Math.max(mostPages, numberOf(event, 30));
        continue;
      }
      assert.ok(time >= (latest.get(track) ?? 0), `time goes back on ${tracks.get(track)}`);
      latest.set(track, time);
      const stack = open.get(track) ?? [];
      open.set(track, stack);
      if (numberOf(event, 9) === 2) {
        const begun = stack.pop();
        assert.ok(begun !== undefined && begun.start <= time);
        continue;
      }
      const name = names.get(numberOf(event, 10));
      assert.ok(name !== undefined && name !== "");
      if (tracks.get(track) === "checkpoints" && stack.length === 0 && /^state \d/.test(name)) checkpoints.push(name);
      stack.push({ name, start: time });
      for (const { number, value } of event) {
        if (number !== 4) continue;
        assert.ok(value instanceof Uint8Array);
        const annotation = fieldsOf(value);
        const isCycles = annotationNames.get(numberOf(annotation, 1)) === "cycles";
        if (isCycles && tracks.get(track) !== "commits in the background")
          cycles += Math.max(numberOf(annotation, 3), numberOf(annotation, 5));
      }
    }
    for (const stack of open.values()) assert.equal(stack.length, 0);
    const ended = run.index.epochSummaries.filter(({ end }) => end !== "program");
    assert.deepEqual(
      checkpoints,
      ended.map(({ name, version, end }) => `${name} ${version}${end === "abandoned" ? ", abandoned" : ""}`),
    );
    const total = TIMELINE_PHASES.reduce(
      (sum, phase) => sum + (run.timeline.tracks[phase].cyclesBefore.at(-1) ?? 0),
      0,
    );
    assert.ok(Math.abs(cycles - total) <= 1e-6 * total, `${cycles} for ${total}`);
    assert.ok(mostPages <= Math.max(...run.index.epochSummaries.map(({ writtenPages }) => writtenPages), 0));
  });
});
