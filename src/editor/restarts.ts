import * as vscode from "vscode";
import type { RestartsReply } from "../session/figures.ts";
import { changedSource } from "./text-hash.ts";

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
    const { sources } = restarts.reply;
    if (vscode.workspace.textDocuments.some((document) => changedSource(document, sources) !== undefined)) return false;
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
      if (changedSource(document, reply.sources) === undefined) continue;
      this.#known.delete(key);
      isChanged = true;
    }
    if (isChanged) this.#changed.fire();
  }
}
