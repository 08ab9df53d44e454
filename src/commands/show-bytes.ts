import * as vscode from "vscode";
import type { Run } from "../editor/runs.ts";
import type { BytesPlace } from "../panel/messages/messages.ts";
import { bytes } from "../run/units.ts";
import type { RunId } from "../session/figures.ts";
import type { App } from "./app.ts";
import { pickOne } from "./pick-one.ts";

/** Bytes of a run to be shown, as the tree of runs names them. */
export interface BytesOfRun {
  readonly run: RunId;
  readonly place: BytesPlace;
}

/** Shows the bytes of a checkpoint's region; lets the user choose both where they are not given. */
export async function showBytes(
  { runs }: App,
  given: BytesOfRun | undefined,
  show: (run: Run, place: BytesPlace) => void,
): Promise<void> {
  const run = given === undefined ? runs.current : runs.byId(given.run);
  if (run === undefined) return;
  const place = given?.place ?? (await choosePlace(run));
  if (place !== undefined) show(run, place);
}

async function choosePlace({ summary }: Run): Promise<BytesPlace | undefined> {
  const { t } = vscode.l10n;
  if (summary.images.length === 0) {
    void vscode.window.showInformationMessage(t("This run has no checkpoint that was committed."));
    return undefined;
  }
  const items = [...summary.images].reverse().flatMap(({ index, name, version, regions }) =>
    regions.map((region) => ({
      label: `${name} ${version}`,
      description: region.name === "" ? t("region {0}", region.id) : region.name,
      detail: t("{0}, of which this checkpoint saved {1}", bytes(region.sizeBytes), bytes(region.savedBytes)),
      place: { image: index, region: { id: region.id, group: region.group }, offset: 0 },
    })),
  );
  const chosen = await pickOne(items, {
    title: t("Bytes of a Checkpoint"),
    placeHolder: t("A checkpoint and a region of it; changes since the checkpoint before are marked"),
    matchOnDescription: true,
  });
  return chosen?.place;
}
