// All benchmarks, one after the other; each prints ratios or rates of one run, and asserts nothing. Seconds depend on the machine
// and its hour: what a start of Node takes, before and after, is printed with them, and they are compared as multiples of it.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FLAGS } from "./flags.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
/** Milliseconds that Node takes to start and do nothing: the median of several. */
const nodeStart = () => {
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    return performance.now() - start;
  });
  return times.toSorted((a, b) => a - b)[7].toFixed(0);
};

console.log(`Node starts in ${nodeStart()} ms`);
for (const file of readdirSync(folder)
  .filter((name) => /\.bench\.(mjs|ts)$/.test(name))
  .sort()) {
  if (wanted.length > 0 && !wanted.some((part) => file.includes(part))) continue;
  console.log(`\n${file}`);
  const { status } = spawnSync(process.execPath, [...FLAGS, join(folder, file)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
console.log(`\nNode starts in ${nodeStart()} ms`);
