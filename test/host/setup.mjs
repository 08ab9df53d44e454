// Sets up what the end-to-end tests need beside `npm ci`: a VS Code server with its own Node.js, and a Chromium.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
// The server brings its packages as a lockfile of its own; its install script, which would compile, is not run.
run("npm", ["ci", "--prefix", here]);
const vscode = join(here, "node_modules/code-server/lib/vscode");
for (const part of [vscode, join(vscode, "extensions")]) {
  run("npm", ["ci", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps", "--prefix", part]);
}

const browsers = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
if (!browsers.some((path) => path !== undefined && existsSync(path))) {
  apt("update", "-qq");
  apt("install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core");
}

function apt(...args) {
  if (process.getuid?.() === 0) run("apt-get", args);
  else run("sudo", ["apt-get", ...args]);
}

function run(command, args) {
  console.log(`${command} ${args.join(" ")}`);
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (status === 0) return;
  console.error(error ? `${command}: ${error.message}` : `${command} ended with ${status}`);
  if (command !== "npm") console.error("Install Chromium yourself, or set CHROMIUM to the path of one.");
  process.exit(1);
}
