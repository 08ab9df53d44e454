import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadProgram } from "../../src/program/toolchains/load-program.ts";
import { cache, compareInGuest, compareInstrumented, dataFolder, here, report } from "./common.mjs";

/** zlib, from a folder of its source or from Debian's source package. */
export async function zlib({ zlib: given, clang }) {
  const folder = given === undefined ? debianSource() : resolve(given);
  if (folder === undefined) return "neither --zlib DIR nor apt-get source zlib gave its source";
  const sources = readdirSync(folder).filter((name) => name.endsWith(".c"));
  const start = performance.now();
  const program = await loadProgram(
    [join(here, "programs/zlib-work.c"), ...sources.map((name) => join(folder, name))],
    {
      includeDirectories: [folder],
      compilerArguments: ["-DZ_HAVE_UNISTD_H", "-D_LARGEFILE64_SOURCE=0"],
      cacheDirectory: cache,
      clang,
    },
  );
  report(`compiled in ${((performance.now() - start) / 1000).toFixed(1)} s (or found in the cache)`);
  const input = { name: "zlib-work", wasm: program.wasm, files: dataFolder };
  const plain = compareInstrumented(input);
  report(Buffer.from(plain.stdout).toString().trim().split("\n").at(-1));
  compareInGuest(program, input);
}

function debianSource() {
  const folder = join(cache, "zlib");
  const unpacked = () => readdirSync(folder).find((name) => existsSync(join(folder, name, "zlib.h")));
  mkdirSync(folder, { recursive: true });
  if (unpacked() === undefined) {
    try {
      execFileSync("apt-get", ["source", "zlib"], { cwd: folder, stdio: "ignore" });
    } catch {
      return undefined;
    }
  }
  const name = unpacked();
  return name === undefined ? undefined : join(folder, name);
}
