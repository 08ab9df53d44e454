/** Entry of the session's process: answers whoever started it, until that process is gone. */
import { fileURLToPath } from "node:url";
import { createHandlers } from "../session/handlers.ts";
import { serve } from "../session/serve.ts";
import { parentPort } from "./child.ts";
import { Compiler } from "./compiler.ts";
import { GuestProcess } from "./guest-process.ts";
import { nodeHost } from "./node-host.ts";
import { readyGuestFlags } from "./v8-flags.ts";

const port = parentPort();
if (port === undefined) throw new Error("the session answers a process that starts it with a channel");
const file = fileURLToPath(new URL("guest.js", import.meta.url));
const guest = new GuestProcess(file, readyGuestFlags());
const compiler = new Compiler(file);
port.onClose(() => {
  guest.dispose();
  compiler.dispose();
  process.exit(0);
});
serve(port, createHandlers(nodeHost(guest, compiler)));
