import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { customSectionBytes, named, nopModule } from "./modules.ts";

describe("modules that were compiled elsewhere", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "modules-"));
    mkdirSync(join(directory, "build"));
    writeFileSync(join(directory, "main.ts"), "first();\nsecond();\n");
  });
  after(() => rmSync(directory, { recursive: true }));

  const load = async (url: string, map?: object) => {
    const { module, starts } = nopModule([20], customSectionBytes("sourceMappingURL", named(url)));
    writeFileSync(join(directory, "build/a.wasm"), module);
    if (map) writeFileSync(join(directory, "build/a.wasm.map"), JSON.stringify(map));
    return { program: await loadProgram(["build/a.wasm"], { workingDirectory: directory }), start: starts[0] };
  };
  // One segment: column 26, the first source, line 2, column 1.
  const map = { version: 3, sources: ["main.ts"], sourceRoot: "./a", names: [], mappings: "0BACA" };

  it("have the lines of the map beside them, under the names of files that are there", async () => {
    const { program, start } = await load("./a.wasm.map", map);
    assert.equal(program.language, "wasm");
    assert.equal(program.lines.kind, "source-map");
    assert.deepEqual(program.lines.lookup(start + 5), { file: "main.ts", line: 2, column: 1 });
    assert.equal(program.sources.get("main.ts"), "first();\nsecond();\n");
    assert.deepEqual(program.diagnostics, []);
  });

  it("have the lines of a map in the URL itself", async () => {
    const text = Buffer.from(JSON.stringify({ ...map, sources: ["gone.ts"], sourcesContent: ["x"] })).toString(
      "base64",
    );
    const { program, start } = await load(`data:application/json;base64,${text}`);
    assert.equal(program.lines.lookup(start + 5)?.file, "gone.ts");
    assert.equal(program.sources.get("gone.ts"), "x");
  });

  it("run without lines where the map is missing, elsewhere or broken, and a warning says so", async () => {
    for (const [url, contents, message] of [
      ["./none.map", undefined, /the source map \.\/none\.map that build\/a\.wasm names is not beside it/],
      ["https://example.org/a.map", undefined, /is not on this machine/],
      ["./a.wasm.map", { version: 4 }, /version 3 of the format is expected/],
    ] as const) {
      const { program, start } = await load(url, contents);
      assert.equal(program.lines.kind, "none");
      assert.equal(program.lines.lookup(start), undefined);
      assert.equal(program.diagnostics.length, 1);
      assert.equal(program.diagnostics[0].severity, "warning");
      assert.match(program.diagnostics[0].message, message);
    }
  });

  it("run without lines where their debug sections are broken, and a warning names the byte", async () => {
    const { module } = nopModule([4], customSectionBytes(".debug_line", [40, 0, 0, 0, 4, 0]));
    writeFileSync(join(directory, "broken.wasm"), module);
    const program = await loadProgram(["broken.wasm"], { workingDirectory: directory });
    assert.equal(program.lines.kind, "none");
    assert.match(program.diagnostics[0].message, /\.debug_line, byte 4: 40 more bytes were expected, 2 are left/);
  });
});
