import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** What a webview of ours may do: run our script, and read our folder of the page. */
export function pageOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [pageFolder(extension)] };
}

/** `main`: the panel; `bytes`: bytes of a checkpoint. */
export type PageName = "main" | "bytes";

/** A page's document: nothing of it loads but our own script and style. */
export function pageHtml(webview: vscode.Webview, extension: vscode.Uri, name: PageName): string {
  const nonce = randomBytes(16).toString("base64");
  const at = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(pageFolder(extension), file)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${at("main.css")}">
<title>Checkpoint Lens</title>
</head>
<body>
<script type="module" nonce="${nonce}" src="${at(`${name}.js`)}"></script>
</body>
</html>`;
}

function pageFolder(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "dist", "webview");
}
