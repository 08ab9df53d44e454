// Bundles what ships: the command line and its threads, the session's processes, the extension and its page.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

for (const part of [
  "cli.js",
  "replay-worker.js",
  "campaign-worker.js",
  "session.js",
  "guest.js",
  "extension.cjs",
  "chunks",
  "sdk",
  "samples",
  "native",
  "webview",
])
  rmSync(`dist/${part}`, { recursive: true, force: true });
mkdirSync("dist", { recursive: true });
const node = await build({
  entryPoints: {
    cli: "src/cli/cli.ts",
    "replay-worker": "src/worker/replay-worker.ts",
    "campaign-worker": "src/worker/campaign-worker.ts",
    session: "src/worker/session-main.ts",
    guest: "src/worker/guest-main.ts",
  },
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // The compilers are large and find their own files beside themselves.
  external: ["@yowasp/clang", "assemblyscript", "assemblyscript/*", "wabt", "binaryen"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});
const extension = await build({
  entryPoints: { extension: "src/extension.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  plugins: [vscodeOnce()],
  minify: true,
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});
const page = await build({
  entryPoints: { main: "webview/main.ts", bytes: "webview/bytes/main.ts" },
  outdir: "dist/webview",
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});
cpSync("webview/main.css", "dist/webview/main.css");
cpSync("src/sdk", "dist/sdk", { recursive: true });
cpSync("src/worker/native", "dist/native", { recursive: true });
writeFileSync("dist/bundled-packages.json", JSON.stringify(bundledPackages([node, extension, page])));
sampleWorkspace();
translatableStrings();

/**
 * VS Code's interface as a module with names, of those that the sources use. What esbuild makes by itself copies all names of the
 * interface anew for each file that imports it, which took half of the time that the extension took to load.
 */
function vscodeOnce() {
  const [name, namespace] = ["vscode", "names"];
  const used = new Set();
  for (const text of sourceTexts("src")) for (const [, one] of text.matchAll(/\bvscode\.(\w+)/g)) used.add(one);
  const contents = [
    `const all = require("${name}");`,
    ...[...used].sort().map((one) => `export const ${one} = all.${one};`),
  ];
  return {
    name: "vscode once",
    setup(bundler) {
      bundler.onResolve({ filter: /^vscode$/ }, (asked) =>
        asked.namespace === namespace ? { path: name, external: true } : { path: name, namespace },
      );
      bundler.onLoad({ filter: /^vscode$/, namespace }, () => ({ contents: contents.join("\n") }));
    },
  };
}

/** Folders of the packages whose code is in the bundles: their licenses go where the bundles go. */
function bundledPackages(results) {
  const folders = new Set();
  for (const { metafile } of results) {
    for (const input of Object.keys(metafile.inputs)) {
      const folder = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
      if (folder !== undefined) folders.add(folder);
    }
  }
  return [...folders].sort();
}

/** dist/samples: a folder that an editor understands, with the samples and what they include and import. */
function sampleWorkspace() {
  cpSync("src/sdk/samples", "dist/samples", { recursive: true });
  cpSync("src/sdk/workspace", "dist/samples", { recursive: true });
  cpSync("src/sdk/include", "dist/samples/include", { recursive: true });
  const types = "dist/samples/types";
  mkdirSync(types);
  // In a TypeScript editor a number has the methods of AssemblyScript's floats only if it is an interface.
  const own = "declare type Number = _Float;";
  const declarations = readFileSync("node_modules/assemblyscript/std/assembly/index.d.ts", "utf8");
  if (!declarations.includes(own)) throw new Error(`AssemblyScript's declarations have no "${own}"`);
  writeFileSync(`${types}/index.d.ts`, declarations.replace(own, "interface Number extends _Float {}"));
  const options = [
    "--declaration",
    "--emitDeclarationOnly",
    "--noCheck",
    "--noLib",
    "--types",
    "",
    "--target",
    "esnext",
  ];
  const veloc = ["--ignoreConfig", "--outDir", types, `${types}/index.d.ts`, "src/sdk/assembly/veloc.ts"];
  const { status, stdout } = spawnSync("node_modules/.bin/tsc", [...options, ...veloc], { encoding: "utf8" });
  if (status !== 0) throw new Error(`no declarations of src/sdk/assembly/veloc.ts: ${stdout}`);
}

/** The texts of a folder's sources. */
function sourceTexts(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".ts"));
  return names.map((name) => readFileSync(`${folder}/${name}`, "utf8"));
}

/** l10n/bundle.l10n.json: the strings that the extension shows, for who translates them. */
function translatableStrings() {
  const strings = new Set();
  for (const part of ["src", "webview"]) {
    for (const text of sourceTexts(part)) {
      for (const [, string] of text.matchAll(/(?:l10n\.|(?<![\w$.]))t\(\s*("(?:[^"\\]|\\.)*")/g))
        strings.add(JSON.parse(string));
    }
  }
  // What techniques say of themselves is shown, too.
  for (const text of sourceTexts("src/checkpoint/techniques")) {
    for (const [, string] of text.matchAll(/\bsummary:\s*("(?:[^"\\]|\\.)*")/g)) strings.add(JSON.parse(string));
  }
  const bundle = Object.fromEntries([...strings].sort().map((string) => [string, string]));
  writeFileSync("l10n/bundle.l10n.json", `${JSON.stringify(bundle, null, 2)}\n`);
}
