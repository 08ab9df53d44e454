// All benchmarks, one after the other; each prints ratios or rates of one run, and asserts nothing.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FLAGS } from "./flags.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
for (const file of readdirSync(folder)
  .filter((name) => /\.bench\.(mjs|ts)$/.test(name))
  .sort()) {
  if (wanted.length > 0 && !wanted.some((part) => file.includes(part))) continue;
  console.log(`\n${file}`);
  const { status } = spawnSync(process.execPath, [...FLAGS, join(folder, file)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
