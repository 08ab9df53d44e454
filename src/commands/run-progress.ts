import * as vscode from "vscode";
import type { Call } from "../session/client.ts";

/** What takes no longer is told of in the status bar alone: a notification that goes as soon as it came only disturbs. */
const NOTIFY_AFTER_MS = 1000;

/**
 * Shows how far a call is until it ends: in the status bar, and, where somebody waits for it and it takes long, in a
 * notification that can cancel it.
 * @param start makes the call, which reports its steps
 */
export async function showProgress<T>(
  title: string,
  isWaitedFor: boolean,
  start: (report: (message: string) => void) => Call<T>,
): Promise<T> {
  const shown = new Set<vscode.Progress<{ message: string }>>();
  let last = "";
  const call = start((message) => {
    last = message;
    for (const progress of shown) progress.report({ message });
  });
  const ended = call.result.then(
    () => {},
    () => {},
  );
  const show = (options: vscode.ProgressOptions): void => {
    void vscode.window.withProgress(options, async (progress, token) => {
      shown.add(progress);
      if (last !== "") progress.report({ message: last });
      token.onCancellationRequested(() => call.cancel());
      await ended;
    });
  };
  show({ location: vscode.ProgressLocation.Window, title });
  const notify = () => show({ location: vscode.ProgressLocation.Notification, title, cancellable: true });
  const timer = isWaitedFor ? setTimeout(notify, NOTIFY_AFTER_MS) : undefined;
  try {
    return await call.result;
  } finally {
    clearTimeout(timer);
  }
}
