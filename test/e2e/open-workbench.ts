// Opens a VS Code with the packaged extension on the samples, in a browser window, until that is closed.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { ROOT, startHost } from "./host.ts";

const host = await startHost({ headed: true });
try {
  const folder = join(host.scratch, "samples");
  cpSync(join(ROOT, "dist/samples"), folder, { recursive: true });
  const { page } = await host.open(folder, join(folder, "kv.ts"));
  console.log(`${host.url} shows ${folder}; close the window, or press Ctrl-C, to end`);
  await Promise.race([
    page.waitForEvent("close", { timeout: 0 }),
    new Promise((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    }),
  ]);
} finally {
  await host.stop();
}
