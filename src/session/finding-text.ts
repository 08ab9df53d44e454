/** Findings of a restart audit as editor and page word them; the translation comes from outside. */
import type { FindingDocument } from "../run/audit/document.ts";
import { integer } from "../run/units.ts";

/** Gives a text in the user's language; `{0}`, `{1}` ... stand for the arguments. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

/** One sentence that says what is wrong with a variable, and what follows from it. */
export function findingText(finding: FindingDocument, t: Translate): string {
  const { kind, symbol, subject, how, effect, region = 0, bytes, regionBytes = 0 } = finding;
  if (kind === "dead") {
    const most = finding.savings?.[0];
    const saving =
      most === undefined || most.share < 0.0005
        ? ""
        : ` ${t("Without it checkpoints cost {0} less with {1}.", percent(most.share), most.technique)}`;
    return bytes === regionBytes
      ? t(
          "{0} (region {1}) is protected for nothing: a restarted program always overwrites it before it reads it.",
          symbol,
          region,
        ) + saving
      : t(
          "{0}: {1} of the {2} bytes of region {3} are protected for nothing: a restarted program always overwrites them before it reads them.",
          ...[symbol, integer(bytes), integer(regionBytes), region],
        ) + saving;
  }
  if (subject === "code") return t("What the program does only when it restarts changes its result.");
  if (how === "refused")
    return t(
      "A restart fails because {0} (region {1}) is not protected before it, or is smaller then.",
      symbol,
      region,
    );
  if (how === "overwritten") return t("{0} is restored, and then set to something else before it is read.", symbol);
  const what =
    subject === "input"
      ? t("How far {0} was read, or what it holds, is lost in a restart", symbol)
      : t("{0} is not protected ({1} bytes), and a restarted program lives on it", symbol, integer(bytes));
  return effect === "unproved"
    ? t("{0}; restarts end otherwise, and it is not proved that this is why.", what)
    : t("{0}: its result changes.", what);
}

/** What the place of a first read says of it. */
export function readText({ how, firstRestartVersion }: FindingDocument, t: Translate): string {
  return how === "refused"
    ? t("The restart that fails")
    : t("Read here after a restart, first from version {0}", firstRestartVersion);
}

export function writtenText({ kind }: FindingDocument, t: Translate): string {
  return kind === "dead" ? t("Overwritten here after a restart") : t("Last written here before that checkpoint");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
