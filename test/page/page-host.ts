import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { FromPage, ToPage } from "../../src/panel/messages/messages.ts";
import { messagesIn } from "../../src/panel/messages/outbox.ts";
import { Relay } from "../../src/panel/relay.ts";
import { DEFAULT_MACHINE } from "../../src/run/machine.ts";
import type { Perspective, RunSummary } from "../../src/session/figures.ts";
import { type SessionProcess, startSession } from "../../src/worker/session-process.ts";
import { THEMES, type ThemeName } from "./themes.ts";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The panel's page in a browser by itself, with a real session behind it in the place of the editor. */
export interface PageHost {
  readonly page: Page;
  readonly session: SessionProcess;
  /** What the page said to the editor, without its questions to the session. */
  readonly said: FromPage[];
  /** Methods of the session that it asked for. */
  readonly asked: string[];
  /** All of that and the answers, in order: `ask report`, `answer report`, `say painted`. */
  readonly talk: string[];
  /** Runs a program and shows it. */
  run(paths: readonly string[], args?: readonly string[]): Promise<RunSummary>;
  show(run: RunSummary, perspective?: Perspective): Promise<void>;
  tell(message: ToPage): Promise<void>;
  theme(name: ThemeName): Promise<void>;
  stop(): Promise<void>;
}

/** @throws Error when there is no browser or no built page */
export async function startPage(
  width: number,
  height: number,
  theme: ThemeName = "dark",
  name: "main" | "bytes" = "main",
): Promise<PageHost> {
  const executablePath = BROWSERS.find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined)
    throw new Error('there is no Chromium to show the page in: run "npm run setup" once');
  const pageFolder = join(ROOT, "dist/webview");
  if (!existsSync(join(pageFolder, "main.js"))) throw new Error('there is no built page: run "npm run build"');
  const server = createServer((request, response) => {
    const types: Readonly<Record<string, string>> = { [`/${name}.js`]: "text/javascript", "/main.css": "text/css" };
    const type = types[request.url ?? ""];
    response.setHeader("content-type", type ?? "text/html");
    response.end(type === undefined ? documentOf(theme, name) : readFileSync(join(pageFolder, request.url ?? "")));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const browser: Browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 1 });
  const session = startSession(join(ROOT, "dist/session.js"));
  const said: FromPage[] = [];
  const asked: string[] = [];
  const talk: string[] = [];
  const methods = new Map<number, string>();
  const send = (message: ToPage) =>
    page.evaluate((text) => (globalThis as unknown as { deliver(text: string): void }).deliver(text), encode(message));
  const relay = new Relay(
    () => session.client,
    (message) => {
      if (message.type === "result") talk.push(`answer ${methods.get(message.id)}`);
      void send(message).catch(() => {});
    },
  );
  await page.exposeFunction("toEditor", (text: string) => {
    for (const message of messagesIn(decode(text)) as readonly FromPage[]) {
      if (message.type === "request") {
        asked.push(message.method);
        talk.push(`ask ${message.method}`);
        methods.set(message.id, message.method);
        relay.request(message.id, message.method, message.params);
      } else if (message.type === "cancel") relay.cancel(message.id);
      else {
        said.push(message);
        talk.push(`say ${message.type}`);
        if (message.type === "ready") void send({ type: "hello", language: "en", strings: {} });
      }
    }
  });
  page.on("pageerror", (error) => console.error("page:", error));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") console.error("page:", message.text());
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const host: PageHost = {
    page,
    session,
    said,
    asked,
    talk,
    async run(paths, args = []) {
      const run = await session.client.ask("run", { workingDirectory: ROOT, paths, args });
      await host.show(run);
      return run;
    },
    show: (run, perspective = { machine: DEFAULT_MACHINE, prices: { profile: "era" } }) =>
      send({ type: "run", run, perspective, settings: DEFAULT_MACHINE }),
    tell: send,
    theme: (name) =>
      page.evaluate(([kind, style]) => {
        document.body.dataset.vscodeThemeKind = kind;
        document.body.className = kind;
        document.documentElement.setAttribute("style", style);
      }, themeOf(name)),
    async stop() {
      session.dispose();
      await browser.close();
      await new Promise((done) => server.close(done));
    },
  };
  return host;
}

function themeOf(name: ThemeName): [kind: string, style: string] {
  const { kind, variables } = THEMES[name];
  const style = Object.entries(variables).map(([variable, value]) => `--vscode-${variable}: ${value}`);
  return [kind, style.join("; ")];
}

/** The page as the extension makes it, but for the policy: what a webview provides is in a script before it. */
function documentOf(theme: ThemeName, name: string): string {
  const [kind, style] = themeOf(theme);
  return `<!DOCTYPE html><html lang="en" style="${style.replaceAll('"', "&quot;")}"><head><meta charset="utf-8">
<link rel="stylesheet" href="main.css"><title>Checkpoint Lens</title></head>
<body class="${kind}" data-vscode-theme-kind="${kind}">
<script>${BRIDGE}</script><script type="module" src="${name}.js"></script></body></html>`;
}

/** acquireVsCodeApi over a channel of text: typed arrays travel as base64. */
const BRIDGE = `
let kept;
const typed = { Uint8Array, Int8Array, Uint16Array, Int32Array, Uint32Array, Float64Array };
const reviver = (_, value) => {
  if (value === null || typeof value !== "object" || !("$typed" in value)) return value;
  const bytes = Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0));
  return new typed[value.$typed](bytes.buffer);
};
const replacer = (_, value) => {
  if (!(value instanceof Uint8Array)) return value;
  let text = "";
  for (const byte of value) text += String.fromCharCode(byte);
  return { $typed: "Uint8Array", base64: btoa(text) };
};
globalThis.deliver = (text) => postMessage(JSON.parse(text, reviver));
globalThis.acquireVsCodeApi = () => ({
  postMessage: (message) => toEditor(JSON.stringify(message, replacer)),
  getState: () => kept,
  setState: (state) => { kept = state; },
});`;

function encode(message: unknown): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return { $typed: value.constructor.name, base64: bytes.toString("base64") };
  });
}

function decode(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "object" && value !== null && "$typed" in value && "base64" in value
      ? new Uint8Array(Buffer.from(String(value.base64), "base64"))
      : value,
  );
}
