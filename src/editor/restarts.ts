import * as vscode from "vscode";
import type { RestartsReply } from "../session/figures.ts";
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
  readonly #subscription: vscode.Disposable;
  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.#forgetOther(document);
    });
  }

  get all(): readonly ProgramRestarts[] {
    return [...this.#known.values()];
  }

  of(program: vscode.Uri): ProgramRestarts | undefined {
    return this.#known.get(program.toString());
  }

  add(restarts: ProgramRestarts): void {
    this.#known.set(restarts.program.toString(), restarts);
    this.#changed.fire();
  }

  clear(): void {
    if (this.#known.size === 0) return;
    this.#known.clear();
    this.#changed.fire();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  /** What was found out for another text than a document has now is true no more. */
  #forgetOther(document: vscode.TextDocument): void {
    let isChanged = false;
    for (const [key, { reply }] of this.#known) {
      const source = reply.sources.find(({ path }) => path === document.uri.fsPath);
      if (source === undefined || source.sha256 === textHash(document)) continue;
      this.#known.delete(key);
      isChanged = true;
    }
    if (isChanged) this.#changed.fire();
  }
}
