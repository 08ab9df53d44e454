const vscode = require("vscode");

exports.activate = ({ subscriptions }) => {
  const marks = vscode.window.createTextEditorDecorationType({});
  const show = () => {
    const editor = vscode.window.visibleTextEditors[0];
    const { end } = editor.document.lineAt(57).range;
    const column = { viewColumn: vscode.ViewColumn.Two, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel("bare", "Bare", column, { enableScripts: true });
    panel.webview.onDidReceiveMessage((text) =>
      editor.setDecorations(marks, [
        { range: new vscode.Range(end, end), renderOptions: { after: { contentText: text } } },
      ]),
    );
    panel.webview.html = `<input type="range" min="0" max="100"><script>
      const { postMessage } = acquireVsCodeApi();
      const slider = document.querySelector("input");
      slider.addEventListener("input", () => {
        postMessage("  " + slider.value);
        performance.mark("figures");
      });
    </script>`;
  };
  subscriptions.push(marks, vscode.commands.registerCommand("bare.show", show));
};
