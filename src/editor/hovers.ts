import * as vscode from "vscode";
import { LAYERS, type Layer } from "../machine/context.ts";
import { cycles, integer } from "../run/units.ts";
import type { LineFigures } from "../session/figures.ts";
import { markedLines, shareOf } from "./line-text.ts";
import type { Figures, Run, Runs } from "./runs.ts";
import { pages, share, stores, time, traps } from "./wording.ts";

const MAX_EVENTS = 5;
const MAX_REGIONS = 6;

/** What a line's cost is made of: built when somebody points at its mark. */
export class CostHovers implements vscode.HoverProvider {
  readonly #runs: Runs;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const text = document.lineAt(position.line);
    // Marks stand at the end of the line, for which the editor gives the last character's place; elsewhere a hover would
    // be in the way.
    if (position.character < text.range.end.character - 1) return undefined;
    const found = this.#runs.forDocument(document);
    const figures = found?.run.figures;
    if (found === undefined || figures === undefined) return undefined;
    const line = position.line + 1;
    const parts = markedLines(figures.lines.lines, found.file, 0).get(line);
    if (parts === undefined) return undefined;
    const { version } = document;
    const elsewhere = await this.#elsewhere(found.run, figures, found.file, line, token);
    if (token.isCancellationRequested || document.version !== version) return undefined;
    return new vscode.Hover(content(found.run, figures, found.file, line, parts, elsewhere), text.range);
  }

  /** The line under the other techniques that the environment offers, as far as they have been compared. */
  async #elsewhere(
    run: Run,
    figures: Figures,
    file: string,
    line: number,
    token: vscode.CancellationToken,
  ): Promise<readonly Elsewhere[]> {
    const { machine } = figures.perspective;
    const cells = run.comparison.filter((cell) => cell.available && cell.environment === machine.environment);
    const found: Elsewhere[] = [];
    for (const cell of cells) {
      if (token.isCancellationRequested || !cell.available) break;
      const perspective = { ...figures.perspective, machine: cell.machine };
      try {
        const reply = await this.#runs.linesIn(run, perspective);
        const parts = reply.lines.filter((candidate) => candidate.file === file && candidate.line === line);
        found.push({
          technique: cell.technique,
          cycles: parts.reduce((sum, part) => sum + part.cycles, 0),
          overheadPercent: cell.overheadPercent,
        });
      } catch {
        break; // The session ended: the hover says what is known.
      }
    }
    return found.sort((a, b) => a.cycles - b.cycles);
  }
}

interface Elsewhere {
  readonly technique: string;
  readonly cycles: number;
  readonly overheadPercent: number;
}

function content(
  run: Run,
  figures: Figures,
  file: string,
  line: number,
  parts: readonly LineFigures[],
  elsewhere: readonly Elsewhere[],
): vscode.MarkdownString {
  const { t } = vscode.l10n;
  const { ghz } = figures.report.prices;
  const { technique, environment } = figures.perspective.machine;
  const sum = (of: (part: LineFigures) => number) => parts.reduce((total, part) => total + of(part), 0);
  const cost = sum((part) => part.cycles);
  const text = new vscode.MarkdownString("", true);
  text.isTrusted = { enabledCommands: ["checkpointLens.showPanel"] };

  const head = [
    t("**{0}** of the overhead", share(shareOf(parts))),
    t("{0} cycles, {1}", cycles(cost), time(cost, ghz)),
    t("between {0} and {1}", cycles(sum((part) => part.low)), cycles(sum((part) => part.high))),
  ];
  text.appendMarkdown(`$(pulse) ${head.join(" · ")}\n\n`);
  const counts = [
    sum((part) => part.traps) > 0
      ? traps(
          sum((part) => part.traps),
          t,
        )
      : "",
    sum((part) => part.dirtyPages) > 0
      ? t(
          "first to write {0}",
          pages(
            sum((part) => part.dirtyPages),
            t,
          ),
        )
      : "",
    sum((part) => part.stores) > 0
      ? stores(
          sum((part) => part.stores),
          t,
        )
      : "",
  ];
  text.appendMarkdown(`${counts.filter((count) => count !== "").join(" · ")}\n\n`);
  const regions = regionNames(run, parts);
  if (regions !== "") text.appendMarkdown(`${t("Regions: {0}", regions)}\n\n`);

  if (cost > 0) {
    text.appendMarkdown(`${layerShares(parts, cost)}\n\n`);
    text.appendMarkdown(
      markdownTable(
        [t("Event"), t("Count"), t("Cycles"), t("Share")],
        [":--", "--:", "--:", "--:"],
        costliestEvents(figures, parts).map((event) => [
          `\`${event.primitive}\``,
          integer(event.count),
          cycles(event.cycles),
          share(event.cycles / cost),
        ]),
      ),
    );
  }
  if (elsewhere.length > 0) {
    text.appendMarkdown(
      markdownTable(
        [t("On {0} with", environment), t("This line"), t("Whole overhead")],
        [":--", "--:", "--:"],
        elsewhere.map((other) => [
          other.technique === technique ? `**${other.technique}**` : other.technique,
          time(other.cycles, ghz),
          `+${other.overheadPercent.toPrecision(3)} %`,
        ]),
      ),
    );
  }
  const target = encodeURIComponent(JSON.stringify([{ run: run.id, picked: { line: { file, line } } }]));
  text.appendMarkdown(`[$(graph) ${t("Show in the panel")}](command:checkpointLens.showPanel?${target})`);
  return text;
}

function layerShares(parts: readonly LineFigures[], cost: number): string {
  return LAYERS.map((layer) => ({ layer, cycles: parts.reduce((sum, part) => sum + part.layers[layer], 0) }))
    .filter(({ cycles: part }) => part > 0)
    .sort((a, b) => b.cycles - a.cycles)
    .map(({ layer, cycles: part }) => `${layerName(layer)} ${share(part / cost)}`)
    .join(" · ");
}

function costliestEvents(figures: Figures, parts: readonly LineFigures[]) {
  const { primitives } = figures.lines;
  const sums = new Map<number, { count: number; cycles: number }>();
  for (const { events } of parts) {
    for (let i = 0; i < events.primitive.length; i++) {
      const before = sums.get(events.primitive[i]) ?? { count: 0, cycles: 0 };
      before.count += events.count[i];
      before.cycles += events.cycles[i];
      sums.set(events.primitive[i], before);
    }
  }
  return [...sums]
    .map(([index, event]) => ({ primitive: primitives[index].name, ...event }))
    .sort((a, b) => b.cycles - a.cycles)
    .slice(0, MAX_EVENTS);
}

function regionNames(run: Run, parts: readonly LineFigures[]): string {
  const numbers = [...new Set(parts.flatMap((part) => part.regions))];
  const names = numbers.map((number) => {
    const region = run.summary.regions.find((candidate) => candidate.number === number);
    return region === undefined || region.name === "" ? `#${region?.id ?? number}` : `\`${region.name}\``;
  });
  const shown = names.slice(0, MAX_REGIONS).join(", ");
  return names.length > MAX_REGIONS ? `${shown}, ...` : shown;
}

function layerName(layer: Layer): string {
  const { t } = vscode.l10n;
  switch (layer) {
    case "program":
      return t("program");
    case "checkpointLibrary":
      return t("checkpoint library");
    case "guestKernel":
      return t("guest kernel");
    case "hypervisor":
      return t("hypervisor");
    case "wire":
      return t("wire");
    case "disk":
      return t("disk");
  }
}

function markdownTable(
  head: readonly string[],
  align: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return `${[head, align, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")}\n\n`;
}
