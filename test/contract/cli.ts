import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a user would. */
export function cli(args: readonly string[], cwd: string = ROOT): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "dist", "cli.js"), ...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { code: status, stdout, stderr };
}

/** The JSON document of a command; its standard output must be nothing else. */
export function cliJson(args: readonly string[]): Record<string, unknown> {
  const { stdout, stderr } = cli([args[0], "--json", ...args.slice(1)]);
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    throw new Error(`no JSON from ${args.join(" ")}: ${stdout.slice(0, 300)} ${stderr.slice(0, 1000)}`);
  }
}

const folders: string[] = [];
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, which is gone when the tests have ended. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "checkpoint-lens-"));
  folders.push(folder);
  return folder;
}

export function sample(name: string): string {
  return `src/sdk/samples/${name}`;
}

export function program(name: string): string {
  return `test/fixtures/programs/${name}`;
}
