import * as vscode from "vscode";
import type { RestartsReply, SourceFile } from "../session/figures.ts";
import { textHash } from "./text-hash.ts";

/** How a program does when it restarts, as it was found out for its text of that moment. */
export interface ProgramRestarts {
  readonly program: vscode.Uri;
  /** What file names count from. */
  readonly directory: vscode.Uri;
  readonly reply: RestartsReply;
}

/** What is known of programs' restarts, until one of their files changes. */
export class Restarts implements vscode.Disposable {
  readonly #known = new Map<string, ProgramRestarts>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: readonly vscode.Disposable[];
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#subscriptions = [
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.#forgetOther(document);
      }),
      // A file that was not open may have changed on disk.
      vscode.workspace.onDidOpenTextDocument((document) => this.#forgetOther(document)),
    ];
  }

  get all(): readonly ProgramRestarts[] {
    return [...this.#known.values()];
  }

  of(program: vscode.Uri): ProgramRestarts | undefined {
    return this.#known.get(program.toString());
  }

  /** @returns whether it is taken: it is not where a file was changed while the program was restarted */
  add(restarts: ProgramRestarts): boolean {
    const isOther = (document: vscode.TextDocument) => hasOtherText(document, restarts.reply.sources);
    if (vscode.workspace.textDocuments.some(isOther)) return false;
    this.#known.set(restarts.program.toString(), restarts);
    this.#changed.fire();
    return true;
  }

  clear(): void {
    if (this.#known.size === 0) return;
    this.#known.clear();
    this.#changed.fire();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  /** What was found out for another text than a document has now is true no more. */
  #forgetOther(document: vscode.TextDocument): void {
    let isChanged = false;
    for (const [key, { reply }] of this.#known) {
      if (!hasOtherText(document, reply.sources)) continue;
      this.#known.delete(key);
      isChanged = true;
    }
    if (isChanged) this.#changed.fire();
  }
}

/** Whether a document is one of a program's sources, with another text than that had. */
function hasOtherText(document: vscode.TextDocument, sources: readonly SourceFile[]): boolean {
  // What a version control shows of a file has the file's path, too.
  if (document.uri.scheme === "git") return false;
  const source = sources.find(({ path }) => path === document.uri.fsPath);
  return source !== undefined && source.sha256 !== textHash(document);
}
