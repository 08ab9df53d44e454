import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadProgram } from "../../src/program/toolchains/load-program.ts";
import { cache, compareInGuest, compareInstrumented, dataFolder, here, report } from "./common.mjs";

/** SQLite, from the amalgamation that the npm package better-sqlite3 carries. */
export async function sqlite({ clang }) {
  const folder = join(cache, "sqlite");
  const source = join(folder, "package/deps/sqlite3/sqlite3.c");
  if (!existsSync(source)) {
    mkdirSync(folder, { recursive: true });
    execFileSync("npm", ["pack", "--silent", "better-sqlite3"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    execFileSync("tar", ["xzf", tarball, "package/deps/sqlite3"], { cwd: folder });
  }
  const start = performance.now();
  const program = await loadProgram([join(here, "programs/sqlite-work.c"), source], {
    includeDirectories: [join(folder, "package/deps/sqlite3")],
    compilerArguments: ["-DSQLITE_OS_OTHER=1", "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION"],
    cacheDirectory: cache,
    clang,
  });
  report(`compiled in ${((performance.now() - start) / 1000).toFixed(1)} s (or found in the cache)`);
  for (const args of [[], ["/data/items.db", "1200"]]) {
    report(`arguments: ${args.join(" ") || "none (a database in memory)"}`);
    const input = { name: "sqlite-work", wasm: program.wasm, args, files: dataFolder };
    const plain = compareInstrumented(input);
    report(Buffer.from(plain.stdout).toString().trim().split("\n").at(-1));
    compareInGuest(program, input);
  }
}
