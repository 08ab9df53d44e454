import * as vscode from "vscode";
import type { CheckpointCost } from "../run/report.ts";
import { bytes } from "../run/units.ts";
import type { ImageRegionSummary, ImageSummary, RegionSummary } from "../session/figures.ts";
import { imageOfEpoch } from "../session/image-of-epoch.ts";
import { type Run, type Runs, shownMachine } from "./runs.ts";
import { overheadPercent } from "./status-bar.ts";
import { overhead, pages, time } from "./wording.ts";

/** A place in the tree of runs. */
export type RunNode =
  | { readonly kind: "run"; readonly run: Run }
  | { readonly kind: "checkpoints" | "regions"; readonly run: Run }
  | { readonly kind: "checkpoint"; readonly run: Run; readonly epoch: number; readonly cost: CheckpointCost }
  | { readonly kind: "image"; readonly run: Run; readonly image: ImageSummary; readonly region: ImageRegionSummary }
  | { readonly kind: "region"; readonly run: Run; readonly region: RegionSummary };

/** The tree of runs, with the checkpoints and the regions of each. */
export class RunsView implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  readonly #runs: Runs;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscription: vscode.Disposable;

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#subscription = runs.onDidSettle(() => this.#changed.fire());
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  getChildren(node?: RunNode): RunNode[] {
    if (node === undefined) return this.#runs.all.map((run) => ({ kind: "run", run }));
    const { run } = node;
    switch (node.kind) {
      case "run":
        return [
          { kind: "checkpoints", run },
          { kind: "regions", run },
        ];
      case "checkpoints": {
        // Checkpoints in the report are those that were committed, in the order of their epochs.
        const committed = run.summary.epochs.filter(({ end }) => end === "committed");
        return (run.figures?.report.checkpoints ?? []).map((cost, index) => ({
          kind: "checkpoint",
          run,
          epoch: committed[index]?.epoch ?? index,
          cost,
        }));
      }
      case "regions":
        return run.summary.regions.map((region) => ({ kind: "region", run, region }));
      case "checkpoint": {
        const image = imageOfEpoch(run.summary, node.epoch);
        return image?.regions.map((region) => ({ kind: "image", run, image, region })) ?? [];
      }
      case "image":
      case "region":
        return [];
    }
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case "run":
        return this.#runItem(node.run);
      case "checkpoints":
        return group(vscode.l10n.t("Checkpoints"), node.run.figures?.report.checkpoints.length ?? 0, "history");
      case "regions":
        return group(vscode.l10n.t("Regions"), node.run.summary.regions.length, "symbol-array");
      case "checkpoint":
        return checkpointItem(node.run, node.epoch, node.cost);
      case "image":
        return imageItem(node.run, node.image, node.region);
      case "region":
        return regionItem(node.run, node.region);
    }
  }

  #runItem(run: Run): vscode.TreeItem {
    const { t } = vscode.l10n;
    const isCurrent = run === this.#runs.current;
    const { program, keptSince } = run.summary;
    const name = [run.uri.path.slice(run.uri.path.lastIndexOf("/") + 1), ...program.args].join(" ");
    const item = new vscode.TreeItem(
      name,
      isCurrent ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed,
    );
    const { technique, environment } = shownMachine(run);
    const { figures } = run;
    const cost = figures === undefined ? "" : ` ${overhead(overheadPercent(figures.report.totals))}`;
    item.id = `run ${run.id} ${isCurrent}`;
    const since = new Date(keptSince).toLocaleTimeString(vscode.env.language);
    item.description = `${technique}, ${environment}${cost} · ${since}`;
    item.tooltip = t("{0}: {1} on {2}", program.path, technique, environment);
    item.iconPath = new vscode.ThemeIcon(run.summary.origin === "file" ? "archive" : "beaker", runColor(isCurrent));
    item.contextValue = isCurrent ? "run current" : "run";
    item.command = { command: "checkpointLens.showPanel", title: t("Show Panel"), arguments: [{ run: run.id }] };
    return item;
  }
}

function runColor(isCurrent: boolean): vscode.ThemeColor | undefined {
  return isCurrent ? new vscode.ThemeColor("checkpointLens.costMedium") : undefined;
}

function group(label: string, count: number, icon: string): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Collapsed);
  item.description = String(count);
  item.iconPath = new vscode.ThemeIcon(icon);
  return item;
}

function checkpointItem(run: Run, epoch: number, cost: CheckpointCost): vscode.TreeItem {
  const { t } = vscode.l10n;
  const item = new vscode.TreeItem(
    `${cost.name} ${cost.version}`,
    imageOfEpoch(run.summary, epoch) === undefined
      ? vscode.TreeItemCollapsibleState.None
      : vscode.TreeItemCollapsibleState.Collapsed,
  );
  const cycleCount = Object.values(cost.costCycles).reduce((sum, one) => sum + one, 0);
  const { ghz } = run.figures?.report.prices ?? { ghz: 1 };
  item.description = `${pages(cost.dirtyPages, t)} · ${bytes(cost.copiedBytes)} · ${time(cycleCount, ghz)}`;
  item.iconPath = new vscode.ThemeIcon("save");
  item.command = {
    command: "checkpointLens.showPanel",
    title: t("Show Panel"),
    arguments: [{ run: run.id, picked: { epochs: { from: epoch, to: epoch } } }],
  };
  return item;
}

/** What a checkpoint kept of a region; it leads to the bytes. */
function imageItem(run: Run, { index, name, version }: ImageSummary, region: ImageRegionSummary): vscode.TreeItem {
  const { t } = vscode.l10n;
  const item = new vscode.TreeItem(region.name === "" ? t("region {0}", region.id) : region.name);
  item.description = t("{0} of {1} saved", bytes(region.savedBytes), bytes(region.sizeBytes));
  item.tooltip = t("Bytes of {0}, and what changed since the checkpoint before", `${name} ${version}`);
  item.iconPath = new vscode.ThemeIcon("file-binary");
  const place = { image: index, region: { id: region.id, group: region.group }, offset: 0 };
  item.command = {
    command: "checkpointLens.showBytes",
    title: t("Show Bytes"),
    arguments: [{ run: run.id, place }],
  };
  return item;
}

function regionItem(run: Run, region: RegionSummary): vscode.TreeItem {
  const { t } = vscode.l10n;
  const item = new vscode.TreeItem(region.name === "" ? t("region {0}", region.id) : region.name);
  item.description = `${bytes(region.bytes)} · ${pages(region.pageCount, t)}`;
  item.iconPath = new vscode.ThemeIcon("symbol-field");
  item.command = {
    command: "checkpointLens.showPanel",
    title: t("Show Panel"),
    arguments: [{ run: run.id, picked: { region: region.number } }],
  };
  return item;
}
