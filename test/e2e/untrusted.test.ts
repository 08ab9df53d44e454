import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { windowTest } from "./attempts.ts";
import { type Host, ROOT, startHost } from "./host.ts";

let host: Host;
before(async () => {
  host = await startHost({ untrusted: true });
});
after(() => host?.stop());

windowTest("a workspace that is not trusted runs nothing, and opens saved runs", async () => {
  const folder = join(host.scratch, "samples");
  cpSync(join(ROOT, "dist/samples"), folder, { recursive: true });
  const saved = spawnSync(process.execPath, [join(ROOT, "dist/cli.js"), "run", "kv.ts", "--out", "kv.cklens"], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(saved.status, 0, saved.stderr);
  const workbench = await host.open(folder, join(folder, "kv.ts"));
  try {
    await workbench.tab("kv.ts").waitFor();
    await workbench.command("Checkpoint Lens: Run Checkpoint Simulation");
    await workbench.notification("This workspace is not trusted").waitFor();
    assert.equal(await workbench.statusBar("hv-protect").count(), 0);
    assert.deepEqual(await workbench.decorations(), []);
    await workbench.openFile("kv.cklens");
    await workbench.webview().getByText("Dirty pages").first().waitFor();
  } finally {
    await workbench.screenshot("untrusted");
    await workbench.close();
  }
});
