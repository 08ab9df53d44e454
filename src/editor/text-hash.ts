import type * as vscode from "vscode";
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
