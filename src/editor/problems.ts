import { isAbsolute } from "node:path";
import * as vscode from "vscode";
import type { Diagnostic } from "../program/program.ts";
import type { Ending } from "../run/live.ts";
import { type Frame, isLibrary } from "../run/sites.ts";
import type { RunSummary } from "../session/figures.ts";
import { simpleName } from "./function-lines.ts";

/** What compilers and programs complain of, at its place in the source. */
export class Problems implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection("checkpoint-lens");

  /** What was said of a program before, by any of its files, goes. */
  clear(): void {
    this.#collection.clear();
  }

  /** @param program where messages without a place are put */
  showCompileErrors(program: vscode.Uri, directory: vscode.Uri, diagnostics: readonly Diagnostic[]): void {
    const found = new Found(program);
    for (const diagnostic of diagnostics) found.addCompilers(diagnostic, directory);
    this.#set(found);
  }

  /** Warnings of the compiler, calls that failed, and the trap that ended the program. */
  showRun(program: vscode.Uri, directory: vscode.Uri, summary: RunSummary): void {
    const found = new Found(program);
    for (const diagnostic of summary.diagnostics) found.addCompilers(diagnostic, directory);
    for (const { message, file, line } of summary.warnings) {
      const uri = fileUri(file, directory) ?? program;
      found.add(uri, problem(message, lineRange(line), vscode.DiagnosticSeverity.Warning));
    }
    const { ending } = summary;
    if (ending.kind !== "exit") found.addEnd(endText(ending), ending.frames, directory);
    this.#set(found);
  }

  dispose(): void {
    this.#collection.dispose();
  }

  #set(found: Found): void {
    this.#collection.clear();
    this.#collection.set([...found.byFile.values()].map(({ uri, problems }) => [uri, problems]));
  }
}

class Found {
  readonly byFile = new Map<string, { readonly uri: vscode.Uri; readonly problems: vscode.Diagnostic[] }>();
  readonly #program: vscode.Uri;

  constructor(program: vscode.Uri) {
    this.#program = program;
  }

  add(uri: vscode.Uri, one: vscode.Diagnostic): void {
    const entry = this.byFile.get(uri.toString()) ?? { uri, problems: [] };
    entry.problems.push(one);
    this.byFile.set(uri.toString(), entry);
  }

  addCompilers({ severity, file, line, column, message }: Diagnostic, directory: vscode.Uri): void {
    const uri = fileUri(file, directory);
    const range = uri === undefined ? lineRange(0) : pointRange(line, column);
    const text = uri === undefined && file !== "" ? `${file}:${line}: ${message}` : message;
    this.add(uri ?? this.#program, problem(text, range, severityOf(severity)));
  }

  /** At the innermost frame that the user wrote; the others are related to it. */
  addEnd(text: string, frames: readonly Frame[], directory: vscode.Uri): void {
    const placed = frames.flatMap((frame) => {
      const uri = frame.line > 0 ? fileUri(frame.file, directory) : undefined;
      return uri === undefined ? [] : [{ uri, frame }];
    });
    const [first, ...others] = placed;
    const range = first === undefined ? lineRange(0) : pointRange(first.frame.line, first.frame.column);
    const one = problem(text, range, vscode.DiagnosticSeverity.Error);
    one.relatedInformation = others.map(
      ({ uri, frame }) =>
        new vscode.DiagnosticRelatedInformation(
          new vscode.Location(uri, pointRange(frame.line, frame.column)),
          vscode.l10n.t("called from {0}", functionName(frame)),
        ),
    );
    this.add(first?.uri ?? this.#program, one);
  }
}

/** Why a program did not come to its own end. */
export function endText(ending: Exclude<Ending, { readonly kind: "exit" }>): string {
  return ending.kind === "trap" ? vscode.l10n.t("The program trapped: {0}.", ending.message) : ending.message;
}

/** As its source calls it; WASI's C library calls `main` otherwise. */
function functionName({ functionName: name }: Frame): string {
  return simpleName(name) === "__original_main" ? "main" : simpleName(name) || name;
}

/** Libraries have no file of the user's. @param file as figures name it, from `directory` on */
export function fileUri(file: string, directory: vscode.Uri): vscode.Uri | undefined {
  if (file === "" || isLibrary(file)) return undefined;
  return isAbsolute(file) ? directory.with({ path: vscode.Uri.file(file).path }) : vscode.Uri.joinPath(directory, file);
}

function problem(message: string, range: vscode.Range, severity: vscode.DiagnosticSeverity): vscode.Diagnostic {
  const one = new vscode.Diagnostic(range, message, severity);
  one.source = "Checkpoint Lens";
  return one;
}

/** From a place to its word's end, which the editor finds itself when the range is empty. */
function pointRange(line: number, column: number): vscode.Range {
  if (column < 1) return lineRange(line);
  return new vscode.Range(Math.max(0, line - 1), column - 1, Math.max(0, line - 1), column - 1);
}

function lineRange(line: number): vscode.Range {
  return new vscode.Range(Math.max(0, line - 1), 0, Math.max(0, line - 1), Number.MAX_SAFE_INTEGER);
}

function severityOf(severity: Diagnostic["severity"]): vscode.DiagnosticSeverity {
  switch (severity) {
    case "error":
      return vscode.DiagnosticSeverity.Error;
    case "warning":
      return vscode.DiagnosticSeverity.Warning;
    case "note":
      return vscode.DiagnosticSeverity.Information;
  }
}
