import type * as vscode from "vscode";
import type { SourceFile } from "../session/figures.ts";
import { textHash as hashOfText } from "../worker/source-hashes.ts";

const known = new WeakMap<vscode.TextDocument, { readonly version: number; readonly hash: string }>();

/** SHA-256 of a document's text in UTF-8, in hexadecimal: what a run's summary states of its sources. */
export function textHash(document: vscode.TextDocument): string {
  const before = known.get(document);
  if (before?.version === document.version) return before.hash;
  const hash = hashOfText(document.getText());
  known.set(document, { version: document.version, hash });
  return hash;
}

/** The one of a program's sources that a document is; its text may be another one now. */
export function sourceOfDocument({ uri }: vscode.TextDocument, sources: readonly SourceFile[]): SourceFile | undefined {
  // What a version control shows of a file has the file's path, too.
  return uri.scheme === "git" ? undefined : sources.find(({ path }) => path === uri.fsPath);
}

/** The same, where its text is another one now. */
export function changedSource(document: vscode.TextDocument, sources: readonly SourceFile[]): SourceFile | undefined {
  const source = sourceOfDocument(document, sources);
  return source === undefined || source.sha256 === textHash(document) ? undefined : source;
}
