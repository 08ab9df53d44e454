import { createHash } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import type { Program } from "../program/program.ts";
import type { SourceHash } from "../run/run-file.ts";
import { isLibrary } from "../run/sites.ts";
import type { SourceFile } from "../session/figures.ts";

/** The program's source files where their texts are known, in the order of their names. */
export function sourceHashes({ sources }: Program): SourceHash[] {
  return [...sources]
    .map(([file, text]) => ({ file, sha256: textHash(text) }))
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}

/** The same for programs that are the same to their users: in what runs, in their sources, and in what a compiler says of them. */
export function programKey(program: Program): string {
  const { wasm, language, diagnostics } = program;
  return createHash("sha256")
    .update(wasm)
    .update(JSON.stringify([language, sourceHashes(program), diagnostics]))
    .digest("hex");
}

/** SHA-256 of a text in UTF-8, without a byte order mark, in hexadecimal. */
export function textHash(text: string): string {
  return createHash("sha256")
    .update(text.replace(/^\uFEFF/, ""))
    .digest("hex");
}

/** Where the files are, as far as anybody can know. @param workingDirectory what relative names count from */
export function locateSources(sources: readonly SourceHash[], workingDirectory: string | undefined): SourceFile[] {
  return sources.map(({ file, sha256 }) => {
    const isPlace = !isLibrary(file) && (workingDirectory !== undefined || isAbsolute(file));
    return { file, path: isPlace ? resolve(workingDirectory ?? "", file) : "", sha256 };
  });
}
