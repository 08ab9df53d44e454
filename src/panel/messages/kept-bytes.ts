import type { RunId, RunSummary } from "../../session/figures.ts";
import type { BytesPlace } from "./messages.ts";

/** What the page of bytes keeps while it is hidden, and VS Code when the window is loaded again. */
export interface KeptBytes {
  /** Another one's when the session is another one. */
  readonly run: RunId;
  readonly place: BytesPlace;
  readonly topRow: number;
}

/** Reads what was kept, as far as it is a place in this run; it may be of another run, or of an earlier version. */
export function keptBytes(state: unknown, { images }: RunSummary): KeptBytes | undefined {
  if (!isObject(state) || !isObject(state.place) || !isObject(state.place.region)) return undefined;
  const { run, topRow } = state;
  const { image, offset } = state.place;
  const { id, group } = state.place.region;
  if (typeof run !== "number" || typeof topRow !== "number" || typeof image !== "number") return undefined;
  const saved = images[image]?.regions.find((one) => one.id === id && one.group === group);
  if (saved === undefined || !(typeof offset === "number" && offset >= 0 && offset < saved.sizeBytes)) return undefined;
  return { run, place: { image, region: { id: saved.id, group: saved.group }, offset }, topRow };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
