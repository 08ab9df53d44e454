/**
 * What travels between our pages and the extension. The page's questions to the session travel in the session's own
 * messages, so that the page asks with a `createClient` over its channel; the extension lets PAGE_METHODS through.
 */
import type { PriceProfile } from "../../machine/prices.ts";
import type { EpochRange, Perspective, RestartsReply, RunId, RunSummary } from "../../session/figures.ts";
import type { FromSession, ToSession } from "../../session/messages.ts";
import type { Method } from "../../session/methods.ts";

/** What a page may ask: everything that looks, nothing that runs a program, reads a file or writes one. */
export const PAGE_METHODS = [
  "runs",
  "report",
  "lines",
  "map",
  "masks",
  "regionsOfPages",
  "page",
  "pagesOfLine",
  "pagesOfCheckpoint",
  "timeline",
  "breakdown",
  "events",
  "compare",
  "compareRuns",
  "profiles",
  "bytes",
  "changes",
  "change",
] as const satisfies readonly Method[];

/** A line of a program's source; `file` as all figures name it. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A byte of a region as a checkpoint saved it. */
export interface BytesPlace {
  /** Index of the image. */
  readonly image: number;
  readonly region: { readonly id: number; readonly group: string };
  readonly offset: number;
}

/** Views of the panel that can be saved as pictures. */
export const PICTURES = ["timeline", "map", "breakdown", "compare"] as const;
export type PictureName = (typeof PICTURES)[number];
export type PictureFormat = "png" | "svg";

/** What was picked outside the page: in the source, in the tree of runs. What is not given stays as it is. */
export interface PickedOutside {
  readonly epochs?: EpochRange;
  /** Number of a region. */
  readonly region?: number;
  readonly page?: number;
  readonly line?: Place;
  /** The view that stands in front. */
  readonly tab?: "restarts";
}

export type ToPage =
  /** The first one. `strings`: translations by the English text; what is not in it stays English. */
  | { readonly type: "hello"; readonly language: string; readonly strings: Readonly<Record<string, string>> }
  /** Another run is shown, or the same in another perspective. `settings`: the machine that it has where nothing is supposed. */
  | {
      readonly type: "run";
      readonly run: RunSummary;
      readonly perspective: Perspective;
      readonly settings: RunSummary["machine"];
    }
  /** There is nothing to show, and why, in one sentence; and whether somebody who has no program may want a sample. */
  | { readonly type: "empty"; readonly reason: string; readonly offersSample: boolean }
  /** How the run's program does when it restarts; undefined while nobody knows. */
  | { readonly type: "restarts"; readonly run: RunId; readonly restarts: RestartsReply | undefined }
  /** The cursor in the source moved; undefined where it is in no file of the run, or in one that has changed since. */
  | { readonly type: "cursor"; readonly place: Place | undefined }
  /** Files of the run whose text in the editor is another one now. */
  | { readonly type: "changedSources"; readonly run: RunId; readonly files: readonly string[] }
  /** To the page of bytes: what it shows; `asked` where somebody asked for this place, and not for what the page has kept. */
  | { readonly type: "bytes"; readonly run: RunSummary; readonly place: BytesPlace; readonly asked: boolean }
  /** Draw a view; answered by `drawn` with the same number. */
  | { readonly type: "draw"; readonly id: number; readonly view: PictureName; readonly format: PictureFormat }
  | { readonly type: "picked"; readonly run: RunId; readonly picked: PickedOutside }
  | FromSession;

export type FromPage =
  /** The page listens; comes again when it was loaded again. */
  | { readonly type: "ready" }
  /** The first figures of a run are in sight. */
  | { readonly type: "painted"; readonly run: RunId }
  /** Show a line in its editor; `focus` moves the keyboard there, too. */
  | { readonly type: "reveal"; readonly run: RunId; readonly place: Place; readonly focus: boolean }
  /** Look at the run in another way, here and in the source. */
  | { readonly type: "perspective"; readonly run: RunId; readonly perspective: Perspective }
  /** Ask the user for a file, and write the profile there. */
  | { readonly type: "saveProfile"; readonly profile: PriceProfile }
  /** Run the program of the shown run again. */
  | { readonly type: "runAgain"; readonly run: RunId }
  /** Let the user choose a sample, and open it beside the panel. */
  | { readonly type: "openSample" }
  /** Restart the program of the shown run from each of its checkpoints, and find out what it lacks. */
  | { readonly type: "audit"; readonly run: RunId }
  /** Ask the user for a file, and save a view there as a picture. */
  | { readonly type: "exportView"; readonly view: PictureName }
  /** A picture's file, or why there is none. */
  | { readonly type: "drawn"; readonly id: number; readonly result: Uint8Array | string }
  /** Show the bytes there, in a page of their own. */
  | { readonly type: "showBytes"; readonly run: RunId; readonly place: BytesPlace }
  /** The page of bytes shows another region or checkpoint now. */
  | { readonly type: "bytesShown"; readonly run: RunId; readonly place: BytesPlace }
  /** Show a page of the guest's memory in the panel's map. */
  | { readonly type: "showPage"; readonly run: RunId; readonly page: number }
  | ToSession;
