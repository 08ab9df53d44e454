import * as vscode from "vscode";
import type { SessionClient } from "../session/client.ts";
import { wordedError } from "../session/refused-text.ts";
import { type SessionProcess, startSession } from "../worker/session-process.ts";

/** The session's process: started when it is first asked, and again when it ended. */
export class SessionHost implements vscode.Disposable {
  readonly #file: string;
  #process: SessionProcess | undefined;
  readonly #ended = new vscode.EventEmitter<string>();
  /** It ended unasked, and why; its runs are gone. */
  readonly onDidEnd = this.#ended.event;

  /** @param file the built `session.js` */
  constructor(file: string) {
    this.#file = file;
  }

  get client(): SessionClient {
    if (this.#process === undefined) {
      const started = startSession(this.#file, { worded: (error) => wordedError(error, vscode.l10n.t) });
      started.onExit((reason) => {
        if (this.#process === started) this.#process = undefined;
        this.#ended.fire(reason);
      });
      this.#process = started;
    }
    return this.#process.client;
  }

  dispose(): void {
    this.#process?.dispose();
    this.#process = undefined;
    this.#ended.dispose();
  }
}
