// Runs every *.test.ts below test/ (or those whose path contains an argument) with Node's own test runner: two files at a
// time, and then one by one those that hold somebody's time against a clock or a browser.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, "test"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts") && !entry.parentPath.includes("node_modules"))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(" ")}`);
  process.exit(2);
}
const isAlone = (file) => /^test\/(?:e2e|page)\/|\/(?:interrupt|calibrate)\.test\.ts$/.test(file);
const passed = (some, concurrency) => {
  if (some.length === 0) return true;
  const args = ["--import", "tsx", "--test", `--test-concurrency=${concurrency}`, ...some];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
};
const together = passed(
  files.filter((file) => !isAlone(file)),
  2,
);
const alone = passed(files.filter(isAlone), 1);
process.exit(together && alone ? 0 : 1);
