// Folders of the host: what a program sees of them, and what may come back.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { BadInputError } from "../../../src/program/program.ts";
import { type HostFiles, loadHostFiles, parseSharedDirectory } from "../../../src/worker/host-files.ts";
import { writeBack } from "../../../src/worker/host-write-back.ts";
import { Caller } from "./caller.ts";

let base = "";
let root = "";
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "lens-host-")));
  root = join(base, "shared");
  mkdirSync(join(root, "deep", "er"), { recursive: true });
  writeFileSync(join(root, "a.txt"), "alpha");
  writeFileSync(join(root, "deep", "b.txt"), "beta");
  writeFileSync(join(base, "secret.txt"), "secret");
});
afterEach(() => rmSync(base, { recursive: true }));

const load = (): HostFiles => loadHostFiles([{ host: root, guest: "/data" }]);
const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BadInputError, String(error));
  assert.match(error.message, pattern);
  assert.ok(!error.message.includes("\n"));
  return true;
};

test("the option's form", () => {
  assert.deepEqual(parseSharedDirectory("./in::/data"), { host: "./in", guest: "/data" });
  assert.deepEqual(parseSharedDirectory("C:\\in::/data/"), { host: "C:\\in", guest: "/data" });
  assert.deepEqual(parseSharedDirectory("a::b::/"), { host: "a::b", guest: "/" });
  for (const bad of ["", "data", "::", "a::", "::b", "a:b", "a\0::b"]) {
    assert.throws(() => parseSharedDirectory(bad), refused(/HOST::GUEST/));
  }
});

test("a folder that cannot be read", () => {
  assert.throws(() => loadHostFiles([{ host: join(base, "none"), guest: "/" }]), refused(/none": it does not exist/));
  assert.throws(() => loadHostFiles([{ host: join(root, "a.txt"), guest: "/" }]), refused(/it is not a folder/));
  const twice = [
    { host: root, guest: "/d" },
    { host: base, guest: "/d" },
  ];
  assert.throws(() => loadHostFiles(twice), refused(/"\/d" twice/));
  const overlapping = [
    { host: join(root, "deep"), guest: "/a" },
    { host: root, guest: "/b" },
  ];
  assert.throws(() => loadHostFiles(overlapping), refused(/overlaps/));
  const one = [{ host: root, guest: "/d" }];
  assert.throws(() => loadHostFiles(one, { maxBytes: 8 }), refused(/too big.* 8 bytes/));
  assert.throws(() => loadHostFiles(one, { maxEntries: 3 }), refused(/too big.* 3 names/));
  assert.equal(loadHostFiles(one, { maxBytes: 9, maxEntries: 4 }).tree.usedBytes, 9);
});

test("links lead nowhere outside, pipes are left out", { skip: process.platform === "win32" }, () => {
  symlinkSync("../secret.txt", join(root, "relative"));
  symlinkSync(join(base, "secret.txt"), join(root, "absolute"));
  symlinkSync("..", join(root, "above"));
  symlinkSync("../a.txt", join(root, "deep", "inside"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  const files = load();
  const caller = new Caller({ files: files.tree });
  for (const path of ["relative", "absolute", "above/secret.txt"]) assert.equal(caller.open(path), -76, path);
  assert.equal(caller.open("pipe"), -44);
  assert.equal(caller.read(caller.open("deep/inside"), 10), "alpha");
  assert.deepEqual(writeBack(files), { removed: [], written: [] }, "links that led out before may stay");
  caller.call("path_symlink", ...caller.path("x", 500), 3, ...caller.path("pipe"));
  assert.throws(() => writeBack(files), refused(/pipe" was changed by somebody else/));
});

test("only what changed comes back", () => {
  chmodSync(join(root, "deep", "b.txt"), 0o640);
  const untouched = statSync(join(root, "a.txt"), { bigint: true });
  const files = load();
  const caller = new Caller({ files: files.tree });
  caller.write(caller.open("a.txt"), "alpha");
  caller.write(caller.open("deep/b.txt"), "BETA and more");
  caller.call("path_rename", 3, ...caller.path("deep/er", 500), 3, ...caller.path("moved"));
  caller.write(caller.open("moved/new.txt", 1), "new");
  const report = writeBack(files);
  assert.deepEqual(report.removed, [join(root, "deep", "er")]);
  assert.deepEqual(
    [...report.written].sort(),
    [join(root, "deep", "b.txt"), join(root, "moved"), join(root, "moved", "new.txt")].sort(),
  );
  assert.equal(readFileSync(join(root, "deep", "b.txt"), "utf8"), "BETA and more");
  assert.equal(statSync(join(root, "deep", "b.txt")).mode & 0o777, 0o640);
  assert.equal(readFileSync(join(root, "moved", "new.txt"), "utf8"), "new");
  assert.deepEqual(statSync(join(root, "a.txt"), { bigint: true }).ino, untouched.ino, "written, but the same bytes");
  assert.deepEqual(readdirSync(root).sort(), ["a.txt", "deep", "moved"], "no temporary file is left");
});

test("files become folders, folders become links", { skip: process.platform === "win32" }, () => {
  const files = load();
  const caller = new Caller({ files: files.tree });
  caller.call("path_unlink_file", 3, ...caller.path("a.txt"));
  caller.call("path_create_directory", 3, ...caller.path("a.txt"));
  caller.write(caller.open("a.txt/inner", 1), "inner");
  caller.call("path_unlink_file", 3, ...caller.path("deep/b.txt"));
  caller.call("path_remove_directory", 3, ...caller.path("deep/er"));
  caller.call("path_remove_directory", 3, ...caller.path("deep"));
  caller.call("path_symlink", ...caller.path("a.txt", 500), 3, ...caller.path("deep"));
  writeBack(files);
  assert.equal(readFileSync(join(root, "a.txt", "inner"), "utf8"), "inner");
  assert.equal(readlinkSync(join(root, "deep")), "a.txt");
});

test("a link that would lead out stops everything before any change", { skip: process.platform === "win32" }, () => {
  symlinkSync("deep", join(root, "old"));
  const attempts: [target: string, name: string][] = [
    ["../secret.txt", "new"],
    ["none/../../secret.txt", "new"],
    ["deep/er/up/../../..", "new"],
    ["old/../../secret.txt", "new"],
  ];
  for (const [target, name] of attempts) {
    const files = load();
    const caller = new Caller({ files: files.tree });
    caller.call("path_symlink", ...caller.path("../..", 500), 3, ...caller.path("deep/er/up"));
    caller.call("path_symlink", ...caller.path(target, 500), 3, ...caller.path(name));
    caller.write(caller.open("a.txt"), "OMEGA");
    assert.throws(() => writeBack(files), refused(/leaves its folder/), target);
    assert.equal(readFileSync(join(root, "a.txt"), "utf8"), "alpha");
    assert.ok(!existsSync(join(root, name)));
  }
});

test("what somebody else changed meanwhile is not overwritten", () => {
  const files = load();
  const caller = new Caller({ files: files.tree });
  caller.write(caller.open("a.txt"), "OMEGA");
  caller.write(caller.open("deep/b.txt"), "BETA");
  writeFileSync(join(root, "a.txt"), "changed by an editor");
  assert.throws(() => writeBack(files), refused(/a\.txt" was changed by somebody else/));
  assert.equal(readFileSync(join(root, "deep", "b.txt"), "utf8"), "beta");

  rmSync(join(root, "a.txt"));
  assert.throws(() => writeBack(files), refused(/changed by somebody else/));
});

test("a folder replaced by a link meanwhile is not written through", { skip: process.platform === "win32" }, () => {
  const files = load();
  const caller = new Caller({ files: files.tree });
  caller.write(caller.open("deep/er/new.txt", 1), "new");
  rmSync(join(root, "deep", "er"), { recursive: true });
  symlinkSync(base, join(root, "deep", "er"));
  assert.throws(() => writeBack(files), refused(/became a symbolic link/));
  assert.ok(!existsSync(join(base, "new.txt")));
  assert.ok(lstatSync(join(root, "deep", "er")).isSymbolicLink());
});
