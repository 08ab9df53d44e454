// Packages the extension: gathers what runs, with the compilers, in a folder of its own, and makes dist/checkpoint-lens.vsix.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAX_MEGABYTES = 45;
const root = dirname(fileURLToPath(import.meta.url));
const stage = join(root, "dist/vsix");
const vsix = join(root, "dist/checkpoint-lens.vsix");

/** What the compilers load when they run: their packages hold command lines, declarations and source maps besides. */
const COMPILERS = {
  "@yowasp/clang": ["gen"],
  assemblyscript: ["dist/asc.js", "dist/assemblyscript.js", "LICENSE", "NOTICE"],
  binaryen: ["index.js", "LICENSE"],
  long: ["index.js", "LICENSE"],
  wabt: ["index.js", "LICENSE"],
};
rmSync(stage, { recursive: true, force: true });
rmSync(vsix, { force: true });
mkdirSync(join(stage, "dist"), { recursive: true });
const readme = readFileSync(join(root, "README.md"), "utf8");
/** Of the pictures of the product, those that its page shows. */
const isShown = (path) => !/screenshots.*\.png$/.test(path) || readme.includes(basename(path));
for (const name of ["README.md", "CHANGELOG.md", "LICENSE", "media", "l10n", ...rootFiles(/^package\.nls.*\.json$/)]) {
  cpSync(join(root, name), join(stage, name), { recursive: true, filter: isShown });
}
for (const name of [
  "extension.cjs",
  "session.js",
  "guest.js",
  "replay-worker.js",
  "campaign-worker.js",
  "cli.js",
  "chunks",
  "native",
  "webview",
  "sdk",
  "samples",
]) {
  const from = join(root, "dist", name);
  if (!existsSync(from)) fail(`there is no dist/${name}: run "npm run build" first`);
  // The samples are there once, as a workspace.
  const left = (path) => !path.endsWith(".map") && path !== join(root, "dist/sdk/samples");
  cpSync(from, join(stage, "dist", name), { recursive: true, filter: left });
}
const notices = [];
for (const [name, parts] of Object.entries(COMPILERS)) {
  const from = join(root, "node_modules", name);
  // Below dist, because the packager leaves out a node_modules at the top.
  const to = join(stage, "dist/node_modules", name);
  for (const part of ["package.json", ...parts]) cpSync(join(from, part), join(to, part), { recursive: true });
  notices.push(noticeOf(`node_modules/${name}`));
}
const bundled = JSON.parse(readFileSync(join(root, "dist/bundled-packages.json"), "utf8"));
for (const folder of bundled) notices.push(noticeOf(folder));
writeFileSync(join(stage, "THIRD-PARTY.md"), `# What else is in this package\n\n${notices.join("\n")}`);

await compileSamples();
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
// The rest is for who builds it: an extension has no packages to install and no scripts to run.
for (const key of ["dependencies", "devDependencies", "scripts", "bin", "private"]) delete manifest[key];
writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(join(stage, ".vscodeignore"), "");

const vsce = join(root, "node_modules/@vscode/vsce/vsce");
const made = spawnSync(
  process.execPath,
  [
    ...[vsce, "package", "--no-dependencies", "--allow-missing-repository", "--out", vsix],
    // The pictures of the README are in the package.
    "--no-rewrite-relative-links",
    // The compilers' code is what it is; their own files hold no secrets of ours.
    ...["--allow-package-all-secrets", "--allow-package-env-file"],
  ],
  { cwd: stage, encoding: "utf8" },
);
if (made.status !== 0) fail(`${made.stdout}${made.stderr}`);
const megabytes = statSync(vsix).size / 1e6;
console.log(`dist/checkpoint-lens.vsix: ${megabytes.toFixed(1)} MB`);
if (megabytes > MAX_MEGABYTES) fail(`that is more than ${MAX_MEGABYTES} MB`);

/** So that who opens a sample first waits for no compiler: as the cache would keep it, which looks there, too. */
async function compileSamples() {
  const folder = join(stage, "dist/samples");
  const session = fork(join(stage, "dist/session.js"), [], {
    serialization: "advanced",
    env: { ...process.env, CHECKPOINT_LENS_CACHE: join(stage, "dist/compiled") },
  });
  const names = readdirSync(folder).filter((name) => /\.(?:c|ts)$/.test(name));
  const ended = once(session, "exit").then(([code]) => fail(`the session ended with code ${code}`));
  for (const [id, name] of names.entries()) {
    session.send({ type: "request", id, method: "compile", params: { workingDirectory: folder, paths: [name] } });
    const [answer] = await Promise.race([once(session, "message"), ended]);
    if (answer.type !== "result") fail(`${name}: ${answer.error.message}`);
  }
  session.removeAllListeners("exit");
  session.kill();
}

function rootFiles(pattern) {
  return readdirSync(root).filter((name) => pattern.test(name));
}

function noticeOf(folder) {
  const directory = join(root, folder);
  const { name, version, license, homepage } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const texts = readdirSync(directory)
    .filter((file) => /^(licen[cs]e|notice)/i.test(file))
    .map((file) => `\n\`\`\`\n${readFileSync(join(directory, file), "utf8").trim()}\n\`\`\`\n`);
  return `## ${name} ${version}\n\n${license}${homepage ? `, ${homepage}` : ""}\n${texts.join("")}`;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
