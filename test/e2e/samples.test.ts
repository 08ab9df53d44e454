import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { windowTest } from "./attempts.ts";
import { type Host, startHost } from "./host.ts";

let host: Host;
before(async () => {
  host = await startHost();
});
after(() => host?.stop());

windowTest("a sample opens as a copy", async () => {
  const folder = mkdtempSync(join(host.scratch, "empty-"));
  const workbench = await host.open(folder);
  try {
    await workbench.command("Checkpoint Lens: Open Sample...");
    await workbench.pick("kv.ts");
    await workbench.tab("kv.ts").waitFor();
    await workbench.editor.locator(".view-line", { hasText: "A key-value store in one hash table" }).waitFor();
    await workbench.screenshot("sample");
  } finally {
    await workbench.close();
  }
});
