import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Cache, cacheKey } from "../../../src/program/toolchains/cache.ts";

const root = mkdtempSync(join(tmpdir(), "checkpoint-lens-cache-"));
after(() => rmSync(root, { recursive: true }));

const folder = (name: string): string => {
  const path = join(root, name);
  mkdirSync(path);
  return path;
};
const texts = (blobs: readonly Uint8Array[] | undefined) => blobs?.map((blob) => Buffer.from(blob).toString());
const key = cacheKey(["a program"]);

test("what came with the product is found, stays as it is, and gives way to what is compiled here", () => {
  const [own, shipped] = [folder("own"), folder("shipped")];
  new Cache(shipped).write(key, [Buffer.from("module"), Buffer.from("")]);
  const before = readFileSync(join(shipped, `${key}.program`));
  const cache = new Cache(own, shipped);
  assert.deepEqual(texts(cache.read(key)), ["module", ""]);
  assert.equal(cache.read(cacheKey(["another program"])), undefined);
  assert.deepEqual(readdirSync(own), []);
  cache.write(key, [Buffer.from("of this machine")]);
  assert.deepEqual(texts(cache.read(key)), ["of this machine"]);
  assert.deepEqual(readFileSync(join(shipped, `${key}.program`)), before);
});

test("an entry that is not what was written is none, wherever it lies; nor is a folder that is not there", () => {
  const shipped = folder("damaged");
  new Cache(shipped).write(key, [Buffer.from("module")]);
  const file = join(shipped, `${key}.program`);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
  assert.equal(new Cache(folder("empty"), shipped).read(key), undefined);
  assert.equal(new Cache(shipped).read(key), undefined);
  assert.equal(new Cache(join(root, "nowhere"), join(root, "neither")).read(key), undefined);
});
