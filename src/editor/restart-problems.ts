import * as vscode from "vscode";
import type { FindingDocument } from "../run/audit/document.ts";
import type { Place } from "../run/audit/findings.ts";
import type { TextEdit } from "../run/audit/fixes.ts";
import { findingText, readText, writtenText } from "../session/finding-text.ts";
import { fileUri } from "./problems.ts";
import type { ProgramRestarts, Restarts } from "./restarts.ts";
import { textHash } from "./text-hash.ts";

/** A diagnostic that knows what it is about. */
class FindingDiagnostic extends vscode.Diagnostic {
  readonly finding: FindingDocument;
  readonly restarts: ProgramRestarts;

  constructor(range: vscode.Range, finding: FindingDocument, restarts: ProgramRestarts) {
    const severity =
      finding.kind === "dead" ? vscode.DiagnosticSeverity.Information : vscode.DiagnosticSeverity.Warning;
    super(range, findingText(finding, vscode.l10n.t), severity);
    this.finding = finding;
    this.restarts = restarts;
    this.source = "Checkpoint Lens";
    this.code = finding.kind;
  }
}

/** What programs forgot to protect, or protect for nothing, at the variables' declarations, with what to do about it. */
export class RestartProblems implements vscode.Disposable, vscode.CodeActionProvider {
  readonly #restarts: Restarts;
  readonly #collection = vscode.languages.createDiagnosticCollection("checkpoint-lens-restarts");
  readonly #subscription: vscode.Disposable;
  #shown: readonly { readonly uri: vscode.Uri; readonly diagnostics: readonly FindingDiagnostic[] }[] = [];
  /** Grows with each change: what is late is thrown away. */
  #generation = 0;

  constructor(restarts: Restarts) {
    this.#restarts = restarts;
    this.#subscription = restarts.onDidChange(() => void this.#show());
  }

  provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range | vscode.Selection,
  ): Promise<vscode.CodeAction[]> | undefined {
    const own = this.#shown.find(({ uri }) => uri.fsPath === document.uri.fsPath);
    const found = own?.diagnostics.filter((one) => one.range.intersection(range) !== undefined) ?? [];
    if (found.length === 0) return undefined;
    return Promise.all(found.map(actionsFor)).then((actions) => actions.flat());
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#collection.dispose();
  }

  async #show(): Promise<void> {
    const generation = ++this.#generation;
    const found = await Promise.all(this.#restarts.all.map(diagnosticsOf));
    if (generation !== this.#generation) return;
    const byFile = new Map<string, { uri: vscode.Uri; diagnostics: FindingDiagnostic[] }>();
    for (const { uri, diagnostic } of found.flat()) {
      const entry = byFile.get(uri.toString()) ?? { uri, diagnostics: [] };
      entry.diagnostics.push(diagnostic);
      byFile.set(uri.toString(), entry);
    }
    this.#shown = [...byFile.values()];
    this.#collection.clear();
    this.#collection.set(this.#shown.map(({ uri, diagnostics }) => [uri, diagnostics]));
  }
}

async function diagnosticsOf(
  restarts: ProgramRestarts,
): Promise<{ readonly uri: vscode.Uri; readonly diagnostic: FindingDiagnostic }[]> {
  const { reply, program, directory } = restarts;
  const uriOf = (place: Place | undefined) => (place === undefined ? undefined : fileUri(place.file, directory));
  return Promise.all(
    (reply.audit?.findings ?? []).map(async (finding) => {
      const { declaredAt, allocatedAt, readAt, writtenAt, symbol } = finding;
      const place = [declaredAt, allocatedAt, readAt, writtenAt].find((one) => uriOf(one) !== undefined);
      const uri = uriOf(place) ?? program;
      const range = await nameRange(uri, place?.line ?? 1, symbol);
      const diagnostic = new FindingDiagnostic(range, finding, restarts);
      diagnostic.relatedInformation = [
        { at: readAt, text: readText(finding, vscode.l10n.t) },
        { at: writtenAt, text: writtenText(finding, vscode.l10n.t) },
        { at: allocatedAt, text: vscode.l10n.t("Allocated here") },
      ].flatMap(({ at, text }) => {
        const file = uriOf(at);
        if (file === undefined || at === undefined) return [];
        return [new vscode.DiagnosticRelatedInformation(new vscode.Location(file, lineRange(at.line)), text)];
      });
      return { uri, diagnostic };
    }),
  );
}

/** Where a variable's name stands in a line; the line's text where it does not. */
async function nameRange(uri: vscode.Uri, line: number, symbol: string): Promise<vscode.Range> {
  const document = await opened(uri);
  if (document === undefined) return lineRange(line);
  const { text, range } = document.lineAt(Math.min(Math.max(1, line), document.lineCount) - 1);
  const name = /^[\w$]+/.exec(symbol.replace(/^.*::/, ""))?.[0];
  const at = name === undefined ? -1 : text.search(new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`));
  const [start, length] = at >= 0 && name !== undefined ? [at, name.length] : [text.search(/\S|$/), text.length];
  return new vscode.Range(range.start.line, start, range.start.line, Math.min(text.length, start + length));
}

async function actionsFor(diagnostic: FindingDiagnostic): Promise<vscode.CodeAction[]> {
  const { finding, restarts } = diagnostic;
  const { fix } = finding;
  if (fix === undefined || fix.edits.length === 0) return [];
  const action = new vscode.CodeAction(fixTitle(finding), vscode.CodeActionKind.QuickFix);
  action.diagnostics = [diagnostic];
  action.isPreferred = true;
  const edit = await workspaceEdit(fix.edits, restarts);
  if (typeof edit === "string") action.disabled = { reason: edit };
  else action.edit = edit;
  return [action];
}

function fixTitle({ kind, fix, symbol }: FindingDocument): string {
  const call = fix?.call ?? "";
  return kind === "dead"
    ? vscode.l10n.t("Protect {0} no more", symbol)
    : vscode.l10n.t("Protect it: {0}", call.length > 70 ? `${call.slice(0, 67)}…` : call);
}

/** Offsets are places in the texts that were audited. @returns why there is none where a text is another one now */
async function workspaceEdit(
  edits: readonly TextEdit[],
  { reply, directory }: ProgramRestarts,
): Promise<vscode.WorkspaceEdit | string> {
  const edit = new vscode.WorkspaceEdit();
  for (const { file, start, end, text } of edits) {
    const uri = fileUri(file, directory);
    const document = uri && (await opened(uri));
    const source = reply.sources.find((one) => one.file === file);
    if (document === undefined || source?.sha256 !== textHash(document))
      return vscode.l10n.t("{0} has changed since the audit: audit its program again.", file);
    edit.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  }
  return edit;
}

async function opened(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return undefined; // It is gone.
  }
}

function lineRange(line: number): vscode.Range {
  return new vscode.Range(Math.max(0, line - 1), 0, Math.max(0, line - 1), Number.MAX_SAFE_INTEGER);
}
