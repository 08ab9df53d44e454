import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSourceMap, readSourceMapLines } from "../../../src/program/lines/source-map.ts";
import { decodeMappings } from "../../../src/program/lines/vlq.ts";
import { BadInputError } from "../../../src/program/program.ts";
import { nopModule } from "./modules.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function vlq(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += DIGITS[rest > 0 ? digit + 32 : digit];
  } while (rest > 0);
  return text;
}

/** Mappings from rows of [column], or [column, source, line, source column]; all from 0. */
function encode(rows: readonly (readonly number[])[]): string {
  const last = [0, 0, 0, 0, 0];
  return rows
    .map((row) =>
      row
        .map((value, field) => {
          const text = vlq(value - last[field]);
          last[field] = value;
          return text;
        })
        .join(""),
    )
    .join(",");
}

const mapOf = (mappings: string, sources = ["a.ts", "~lib/staticarray.ts", "b.ts"]): string =>
  JSON.stringify({ version: 3, sources, names: [], mappings });

describe("source maps", () => {
  it("decodes segments of 1, 4 and 5 fields, and numbers of any length", () => {
    const rows = [[0, 0, 0, 0], [70000, 2, 900, 3, 0], [70001], [16_777_216, 1, 3, 0]];
    assert.deepEqual(decodeMappings(`${encode(rows)};AAAA`, "m"), [
      { column: 0, source: 0, line: 0, sourceColumn: 0 },
      { column: 70000, source: 2, line: 900, sourceColumn: 3 },
      { column: 70001, source: -1, line: 900, sourceColumn: 3 },
      { column: 16_777_216, source: 1, line: 3, sourceColumn: 0 },
    ]);
  });

  it("gives library code and code without a line to the user's line before it, within one function", () => {
    const { module, starts } = nopModule([40, 10, 10]);
    const [a, b, c] = starts;
    const mappings = encode([
      [a + 2, 1, 7, 0],
      [a + 4],
      [a + 6, 0, 10, 4],
      [a + 8, 1, 99, 0],
      [a + 10],
      [a + 12, 2, 20, 2],
      [b + 2, 1, 50, 1],
      [c + 1],
      [c + 3, 0, 30, 0],
    ]);
    const lines = readSourceMapLines(module, parseSourceMap(mapOf(mappings), "m"), "m");
    const at = (offset: number): string => {
      const line = lines.lookup(offset);
      return line ? `${line.file}:${line.line}:${line.column}` : "none";
    };
    assert.equal(at(a - 1), "none");
    assert.equal(at(a), "a.ts:11:5", "a beginning without a line belongs to the first line");
    assert.equal(at(a + 2), "a.ts:11:5", "library code before any line of the user belongs to the first too");
    assert.equal(at(a + 4), "a.ts:11:5");
    assert.equal(at(a + 6), "a.ts:11:5");
    assert.equal(at(a + 9), "a.ts:11:5");
    assert.equal(at(a + 11), "a.ts:11:5");
    assert.equal(at(a + 39), "b.ts:21:3");
    assert.equal(at(b), "none", "nothing runs over into the next function");
    assert.equal(at(b + 5), "~lib/staticarray.ts:51:2", "a function of the library keeps its lines");
    assert.equal(at(c + 1), "a.ts:31:1");
    assert.equal(at(module.length), "none");
  });

  it("refuses what is malformed, and says where", () => {
    const { module } = nopModule([10]);
    const read = (text: string) => () => readSourceMapLines(module, parseSourceMap(text, "x.map"), "x.map");
    const refused = (text: string, message: RegExp) =>
      assert.throws(read(text), (error) => error instanceof BadInputError && message.test(error.message));
    refused("{", /x\.map: a source map is JSON/);
    refused("null", /x\.map: a source map is a JSON object/);
    refused('{"version":2}', /version 3 .* is expected, this is 2/);
    refused('{"version":3,"sources":[1],"mappings":""}', /"sources" must be/);
    refused('{"version":3,"sources":[]}', /"mappings" must be a string/);
    refused(mapOf("AAAA,A!"), /character 6 of "mappings": a base-64 digit/);
    refused(mapOf("gggggggggggggA"), /a number is too long/);
    refused(mapOf("AADA"), /falls below 0/);
    refused(mapOf("AAAAAA"), /more than 5 fields/);
    refused(mapOf(encode([[24, 9, 0, 0]])), /names source 9, of 3/);
  });

  it("fails on any cut or changed text only as bad input", () => {
    const { module, starts } = nopModule([40]);
    const text = mapOf(encode(Array.from({ length: 30 }, (_, i) => [starts[0] + i, i % 3, i * 5, i])));
    for (let at = 0; at < text.length; at++) {
      for (const changed of [text.slice(0, at), `${text.slice(0, at)}/${text.slice(at + 1)}`]) {
        try {
          readSourceMapLines(module, parseSourceMap(changed, "m"), "m").lookup(starts[0] + 3);
        } catch (error) {
          assert.ok(error instanceof BadInputError, `${changed}: ${error}`);
        }
      }
    }
  });
});
