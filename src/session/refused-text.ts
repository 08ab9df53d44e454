/** What is refused, as editor and page word it: without the command line's flags. The translation comes from outside. */
import type { Need } from "../checkpoint/technique.ts";
import type { Refused } from "../run/refused-error.ts";
import type { Translate } from "./finding-text.ts";
import type { SessionError } from "./messages.ts";

/** Why something cannot be had, and what can in its place. */
export function refusedText(refused: Refused, t: Translate): string {
  switch (refused.kind) {
    case "need": {
      const { technique, environment, need, techniques, environments } = refused;
      return t(
        "{0} needs {1}, and {2} has none. Choose another technique ({3}) or another environment ({4}).",
        ...[technique, needText(need, t), environment, techniques.join(", "), environments.join(", ")],
      );
    }
    case "copy":
      return t("There is no hypervisor that could copy. Let the guest copy.");
    case "gate":
      return t("The gate {0} leads to a hypervisor, and there is none. Choose the gate trap.", refused.gate);
    case "commit":
      return t(
        "An asynchronous commit needs a technique that notices a write before it is done, and {0} does not. Commit synchronously, or choose another technique ({1}).",
        refused.technique,
        refused.techniques.join(", "),
      );
    case "writes":
      return t(
        "{0} needs every single write, and this run was recorded without. Run the program again, or choose hv-protect.",
        refused.technique,
      );
    case "noProfile":
      return t(
        "No price profile is called {0}. There are {1}, and files whose names end in .json.",
        refused.name,
        refused.known.join(", "),
      );
    case "noProfileFile":
      return t("There is no file {0} with prices.", refused.path);
    case "noProfileText":
      return t("The price profile {0} is no JSON: {1}", refused.path, refused.problem);
  }
}

function needText(need: Need, t: Translate): string {
  switch (need) {
    case "pageLog":
      return t("the log that a processor keeps under hardware-assisted paging");
    case "checkpointService":
      return t("a hypervisor's checkpoint service");
    case "logDirty":
      return t("Xen's log-dirty mode");
    case "dirtyBitScan":
      return t("a hypervisor that scans D bits for applications");
    case "writeEmulation":
      return t("a hypervisor that emulates writes");
  }
}

/** An error with the words for what is refused. */
export function wordedError(error: SessionError, t: Translate): SessionError {
  if (error.kind !== "badInput" || error.refused === undefined) return error;
  return { ...error, message: refusedText(error.refused, t) };
}
