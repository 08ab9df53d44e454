import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ClangJob, type ClangResult, objectPath } from "./clang-job.ts";

/** A clang of the system that can compile and link for WASI. */
export interface SystemClang {
  readonly command: string;
  readonly target: string;
  /** What makes its results differ from another's. */
  readonly identity: string;
}

const VERSIONS = [22, 21, 20, 19, 18, 17];
/** Distributions differ in what they call the target whose libraries they ship. */
const TARGETS = ["wasm32-wasip1", "wasm32-wasi"];

/**
 * Looks for a clang with WASI's C library: `CHECKPOINT_LENS_CLANG` when set, else `clang-22` down to `clang-17`, `clang`.
 * @returns undefined when there is none
 */
export function findSystemClang(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SystemClang | undefined {
  const given = environment.CHECKPOINT_LENS_CLANG;
  const commands = given ? [given] : [...VERSIONS.map((version) => `clang-${version}`), "clang"];
  for (const command of commands) {
    const version = spawnSync(command, ["--version"], { encoding: "utf8" });
    if (version.status !== 0) continue;
    for (const target of TARGETS) {
      const library = spawnSync(command, [`--target=${target}`, "-print-file-name=libc.a"], { encoding: "utf8" });
      const path = library.stdout?.trim() ?? "";
      if (library.status === 0 && path.includes("/"))
        return { command, target, identity: `${version.stdout} ${target}` };
    }
  }
  return undefined;
}

/** Compiles with a clang of the system, in a directory of the job's own that is removed afterwards. */
export function runSystemClang(clang: SystemClang, job: ClangJob): ClangResult {
  const root = mkdtempSync(join(tmpdir(), "checkpoint-lens-"));
  try {
    for (const [path, text] of job.files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    mkdirSync(join(root, "objects"), { recursive: true });
    let messages = "";
    // Arguments name files of the job's tree: put its place on disk before them, and take it off what is printed.
    const place = (argument: string): string =>
      argument.replace(/^(-I|-isystem|-ffile-prefix-map=)?(\/(?:program|sdk|objects)(?:\/|$))/, `$1${root}$2`);
    const run = (command: string, args: readonly string[]): boolean => {
      const done = spawnSync(command, [`--target=${clang.target}`, ...args.map(place)], {
        encoding: "utf8",
        maxBuffer: 1 << 28,
      });
      if (done.error) messages += `clang: error: ${done.error.message}\n`;
      messages += `${done.stdout ?? ""}${done.stderr ?? ""}`.replaceAll(root, "");
      return done.status === 0;
    };
    const compiled = job.units.map((unit, i) =>
      run(clang.command, ["-c", unit.source, "-o", objectPath(i), ...unit.arguments]),
    );
    if (compiled.includes(false)) return { wasm: undefined, messages };
    const driver = job.cxx ? clang.command.replace(/clang(?!\+\+)([^/]*)$/, "clang++$1") : clang.command;
    const objects = job.units.map((_, i) => objectPath(i));
    const linked = run(driver, [...objects, "-o", "/objects/program.wasm", ...job.linkArguments]);
    return { wasm: linked ? new Uint8Array(readFileSync(join(root, "objects/program.wasm"))) : undefined, messages };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
