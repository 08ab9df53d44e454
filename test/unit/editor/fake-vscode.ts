/**
 * As much of VS Code's interface as is tried without a window, in memory. A test imports this file first and then, with
 * `import()`, what it tries: `vscode` is this module for what is loaded from then on. `fake` is the test's hold on it.
 */
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { posix } from "node:path";

const hooks = `export const resolve = (specifier, context, next) =>
  specifier === "vscode" ? { url: ${JSON.stringify(import.meta.url)}, shortCircuit: true } : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly event = (listener: (value: T) => void) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

export class Uri {
  readonly scheme: string;
  readonly path: string;
  constructor(scheme: string, path: string) {
    this.scheme = scheme;
    this.path = path;
  }
  static file(path: string): Uri {
    return new Uri("file", path);
  }
  static parse(text: string): Uri {
    const [scheme, path] = text.split("://");
    return new Uri(scheme, path);
  }
  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, posix.join(base.path, ...parts));
  }
  get fsPath(): string {
    return this.path;
  }
  with({ path = this.path }: { path?: string }): Uri {
    return new Uri(this.scheme, path);
  }
  toString(): string {
    return `${this.scheme}://${this.path}`;
  }
}

export class Position {
  readonly line: number;
  readonly character: number;
  constructor(line: number, character: number) {
    this.line = line;
    this.character = character;
  }
}

export class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(...ends: [Position, Position] | [number, number, number, number]) {
    if (ends.length === 2) [this.start, this.end] = ends;
    else [this.start, this.end] = [new Position(ends[0], ends[1]), new Position(ends[2], ends[3])];
  }
  intersection({ start, end }: Range): Range | undefined {
    return end.line < this.start.line || start.line > this.end.line ? undefined : this;
  }
}

export class Diagnostic {
  relatedInformation: unknown[] = [];
  source = "";
  code = "";
  readonly range: Range;
  readonly message: string;
  readonly severity: number;
  constructor(range: Range, message: string, severity: number) {
    this.range = range;
    this.message = message;
    this.severity = severity;
  }
}
export const DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2, Hint: 3 };
export class DiagnosticRelatedInformation {}
export class Location {}

export class CodeAction {
  edit: WorkspaceEdit | undefined;
  disabled: { readonly reason: string } | undefined;
  readonly title: string;
  constructor(title: string) {
    this.title = title;
  }
}
export const CodeActionKind = { QuickFix: "quickfix" };
export class WorkspaceEdit {
  readonly replaced: { readonly uri: Uri; readonly range: Range; readonly text: string }[] = [];
  replace(uri: Uri, range: Range, text: string): void {
    this.replaced.push({ uri, range, text });
  }
}

export class TabInputText {
  readonly uri: Uri;
  constructor(uri: Uri) {
    this.uri = uri;
  }
}
export class TabInputCustom extends TabInputText {}

export const ViewColumn = { Active: -1, Beside: -2, One: 1, Two: 2, Three: 3 };
export const ProgressLocation = { Notification: 15 };
export const TextEditorRevealType = { InCenterIfOutsideViewport: 2 };
export class Selection extends Range {}

/** A document that is open. */
export class Document {
  version = 1;
  isDirty = false;
  languageId = "";
  #text: string;
  readonly uri: Uri;
  constructor(path: string, text: string) {
    this.uri = Uri.file(path);
    this.#text = text;
  }
  get lineCount(): number {
    return this.#text.split("\n").length;
  }
  getText(): string {
    return this.#text;
  }
  lineAt(line: number) {
    const text = this.#text.split("\n")[line];
    return { text, range: new Range(line, 0, line, text.length) };
  }
  positionAt(offset: number): Position {
    const before = this.#text.slice(0, offset).split("\n");
    return new Position(before.length - 1, before[before.length - 1].length);
  }
  /** Somebody types. */
  change(text: string): void {
    this.#text = text;
    this.version++;
    fake.changed.fire({ document: this, contentChanges: [{}] });
  }
  save(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

export interface Editor {
  readonly document: Document;
  readonly selection: { readonly active: Position };
  readonly viewColumn: number;
  revealRange(range: Range): void;
}

export function editorOf(document: Document, line = 0): Editor {
  return { document, selection: { active: new Position(line, 0) }, viewColumn: ViewColumn.One, revealRange: () => {} };
}

/** A panel with a page that a test plays. */
export class WebviewPanel {
  title = "";
  iconPath: unknown;
  visible = true;
  active = true;
  viewColumn: number;
  readonly posted: unknown[] = [];
  readonly #messages = new EventEmitter<unknown>();
  readonly #viewState = new EventEmitter<void>();
  readonly #disposed = new EventEmitter<void>();
  readonly onDidChangeViewState = this.#viewState.event;
  readonly onDidDispose = this.#disposed.event;
  readonly webview = {
    options: {},
    html: "",
    cspSource: "",
    asWebviewUri: (uri: Uri) => uri,
    onDidReceiveMessage: this.#messages.event,
    /** What is not seen has no page that could take it. */
    postMessage: (message: { type: string; messages?: unknown[] }) => {
      if (this.visible) this.posted.push(...(message.type === "several" ? (message.messages ?? []) : [message]));
      return Promise.resolve(this.visible);
    },
  };
  constructor(viewColumn: number) {
    this.viewColumn = viewColumn;
  }
  /** The page says something. */
  say(message: unknown): void {
    this.#messages.fire(message);
  }
  /** Its tab is covered by another, or not any more; its page begins anew then. */
  see(visible: boolean): void {
    this.visible = visible;
    this.#viewState.fire();
  }
  reveal(): void {
    if (!this.visible) this.see(true);
  }
  dispose(): void {
    this.#disposed.fire();
  }
}

/** What a test sees and does. */
export const fake = {
  /** Texts on disk, by path; those not listed are read where they are. */
  files: new Map<string, string>(),
  settings: new Map<string, unknown>(),
  changed: new EventEmitter<{ document: Document; contentChanges: readonly unknown[] }>(),
  opened: new EventEmitter<Document>(),
  closed: new EventEmitter<Document>(),
  saved: new EventEmitter<Document>(),
  activated: new EventEmitter<Editor | undefined>(),
  selected: new EventEmitter<{ textEditor: Editor }>(),
  configured: new EventEmitter<{ affectsConfiguration(section: string): boolean }>(),
  panels: [] as WebviewPanel[],
  executed: [] as unknown[][],
  said: [] as { readonly message: string; readonly actions: readonly string[] }[],
  /** Of the actions that messages offer, the one that the user chooses. */
  choice: undefined as string | undefined,
  saveTarget: undefined as Uri | undefined,
  open(document: Document): Document {
    workspace.textDocuments.push(document);
    fake.opened.fire(document);
    return document;
  },
  activate(editor: Editor | undefined): void {
    window.activeTextEditor = editor;
    if (editor !== undefined && !window.visibleTextEditors.includes(editor)) window.visibleTextEditors.push(editor);
    fake.activated.fire(editor);
  },
};

const tell = (message: string, ...actions: string[]) => {
  fake.said.push({ message, actions });
  return Promise.resolve(actions.find((action) => action === fake.choice));
};

export const workspace = {
  isTrusted: true,
  textDocuments: [] as Document[],
  onDidChangeTextDocument: fake.changed.event,
  onDidOpenTextDocument: fake.opened.event,
  onDidCloseTextDocument: fake.closed.event,
  onDidSaveTextDocument: fake.saved.event,
  onDidChangeConfiguration: fake.configured.event,
  openTextDocument: (uri: Uri) => {
    const open = workspace.textDocuments.find((one) => one.uri.path === uri.path);
    return Promise.resolve(
      open ?? fake.open(new Document(uri.path, fake.files.get(uri.path) ?? readFileSync(uri.path, "utf8"))),
    );
  },
  getWorkspaceFolder: () => undefined,
  getConfiguration: () => ({
    get: (name: string, otherwise?: unknown) => fake.settings.get(name) ?? otherwise,
    inspect: () => undefined,
    update: (name: string, value: unknown) => Promise.resolve(void fake.settings.set(name, value)),
  }),
  fs: {
    createDirectory: () => Promise.resolve(),
    delete: (uri: Uri) => (fake.files.delete(uri.path) ? Promise.resolve() : Promise.reject(new Error("no such file"))),
  },
};

export const window = {
  activeTextEditor: undefined as Editor | undefined,
  visibleTextEditors: [] as Editor[],
  tabGroups: { activeTabGroup: { activeTab: undefined as { readonly input: unknown } | undefined } },
  onDidChangeActiveTextEditor: fake.activated.event,
  onDidChangeTextEditorSelection: fake.selected.event,
  showInformationMessage: tell,
  showWarningMessage: tell,
  showErrorMessage: tell,
  showQuickPick: () => Promise.resolve(undefined),
  showSaveDialog: () => Promise.resolve(fake.saveTarget),
  showTextDocument: (document: Document) => {
    const editor = editorOf(document);
    fake.activate(editor);
    return Promise.resolve(editor);
  },
  withProgress: (_options: unknown, task: (progress: unknown, token: unknown) => unknown) =>
    task({ report: () => {} }, { onCancellationRequested: () => ({ dispose: () => {} }) }),
  createWebviewPanel: (_type: string, _title: string, column: number | { readonly viewColumn: number }) => {
    const panel = new WebviewPanel(typeof column === "number" ? column : column.viewColumn);
    fake.panels.push(panel);
    return panel;
  },
  registerWebviewPanelSerializer: () => ({ dispose: () => {} }),
};

export const commands = {
  executeCommand: (...call: unknown[]) => {
    fake.executed.push(call);
    return Promise.resolve();
  },
};

export const languages = {
  createDiagnosticCollection: () => ({ clear: () => {}, set: () => {}, dispose: () => {} }),
};

export const env = { language: "en" };

export const l10n = {
  bundle: undefined,
  t: (message: string, ...args: unknown[]) => message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
