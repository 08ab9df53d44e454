import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Host, startHost } from "./host.ts";
import { TEST_MS } from "./workbench.ts";

let host: Host;
before(async () => {
  host = await startHost();
});
after(() => host?.stop());

test("a sample opens as a copy", { timeout: TEST_MS }, async () => {
  const folder = join(host.scratch, "empty");
  mkdirSync(folder);
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
