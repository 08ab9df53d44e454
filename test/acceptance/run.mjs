// Public programs that are too large, or not ours, to be tests: each must end instrumented, and in the simulated guest,
// as it does plain. Nothing of them is kept but in node_modules/.cache. Not part of `npm test`.
//
//   npm run acceptance -- [sqlite] [zlib] [heatdis] [--zlib DIR] [--veloc DIR] [--bundled-clang]
import { parseArgs } from "node:util";
import { findSystemClang } from "../../src/program/toolchains/system-clang.ts";
import { heatdis } from "./heatdis.mjs";
import { sqlite } from "./sqlite.mjs";
import { zlib } from "./zlib.mjs";

const programs = { sqlite, zlib, heatdis };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { zlib: { type: "string" }, veloc: { type: "string" }, "bundled-clang": { type: "boolean" } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(programs);
const unknown = wanted.find((name) => !Object.hasOwn(programs, name));
if (unknown !== undefined) {
  console.error(`${unknown} is none of ${Object.keys(programs).join(", ")}`);
  process.exit(2);
}
const clang = values["bundled-clang"] || findSystemClang() === undefined ? "bundled" : "system";
console.log(`compiling with the ${clang} clang`);
let failures = 0;
for (const name of wanted) {
  console.log(name);
  if (name === "sqlite" && clang === "bundled" && !values["bundled-clang"]) {
    console.log("  skipped: no clang of the system targets WASI, and --bundled-clang would take ten minutes");
    continue;
  }
  try {
    const skipped = await programs[name]({ ...values, clang });
    console.log(skipped === undefined ? "  holds" : `  skipped: ${skipped}`);
  } catch (error) {
    failures++;
    console.log(`  FAILS: ${error.stack ?? error}`);
  }
}
process.exit(failures === 0 ? 0 : 1);
