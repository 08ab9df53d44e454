import { type Refusal, refusalText } from "../checkpoint/refusal.ts";
import { BadInputError } from "../program/program.ts";

/** Why prices cannot be had: no profile or file has the name, or the file is no JSON. */
export type PricesRefusal =
  | { readonly kind: "noProfile"; readonly name: string; readonly known: readonly string[] }
  | { readonly kind: "noProfileFile"; readonly path: string }
  | { readonly kind: "noProfileText"; readonly path: string; readonly problem: string };

export type Refused = Refusal | PricesRefusal;

/** What was asked for cannot be had. Its message is the command line's, with flags; who has other words takes the data. */
export class RefusedError extends BadInputError {
  readonly refused: Refused;
  /** @param named how the user named it, where that is not all that is to be said of it */
  constructor(refused: Refused, named = "") {
    super(refusedText(refused, named));
    this.name = "RefusedError";
    this.refused = refused;
  }
}

function refusedText(refused: Refused, named: string): string {
  switch (refused.kind) {
    case "noProfile":
      return `${named}: no price profile has this name (${refused.known.join(", ")}), and a file's name ends in .json`;
    case "noProfileFile":
      return `${named}: there is no such file`;
    case "noProfileText":
      return `${named} is no JSON: ${refused.problem}`;
    default:
      return refusalText(refused);
  }
}
