import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { transformSync } from "esbuild";
import { TECHNIQUES } from "../../../src/checkpoint/techniques.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** A call of `t`, as a function or of `l10n`; of anything else it is another one. */
const CALL = /(?:l10n\.|(?<![\w$.]|function ))t\(\s*/g;
const LITERAL = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\$]|\\.)*`)/;

/** What techniques say of themselves. */
const SUMMARY = /^technique\w*\.summary\b/;
const SUMMARIES = TECHNIQUES.map(({ summary }) => summary);

/** Texts that a source hands to be translated. A compiler has taken comments and types away before. */
function textsOf(file: string): string[] {
  const { code } = transformSync(readFileSync(file, "utf8"), { loader: "ts", charset: "utf8" });
  return Array.from(code.matchAll(CALL)).flatMap(({ index, 0: call }) => {
    const said = code.slice(index + call.length);
    if (SUMMARY.test(said)) return SUMMARIES;
    const literal = LITERAL.exec(said)?.[0];
    assert.ok(
      literal !== undefined,
      `${file}: a text that is no literal is not found in the bundle: ${said.slice(0, 40)}`,
    );
    return new Function(`return ${literal}`)() as string;
  });
}

test("every text that is handed to be translated can be, and no other one", () => {
  const files = ["src", "webview"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => /\bt[(,]/.test(readFileSync(file, "utf8"))),
  );
  const used = new Set(files.flatMap(textsOf));
  const bundle = JSON.parse(readFileSync(join(ROOT, "l10n/bundle.l10n.json"), "utf8")) as Record<string, string>;
  const texts = Object.keys(bundle);
  assert.deepEqual({ missing: [...used].filter((text) => !(text in bundle)) }, { missing: [] });
  assert.deepEqual({ unused: texts.filter((text) => !used.has(text)) }, { unused: [] });
  assert.deepEqual(texts, [...texts].sort());
  for (const [text, english] of Object.entries(bundle)) assert.equal(english, text);
});
