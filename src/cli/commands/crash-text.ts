import type { Recovery } from "../../run/restart/campaign.ts";
import type { Campaign, Mismatch, RestartReport, TornReport } from "../../run/restart/campaign-report.ts";
import { cycles, integer } from "../../run/units.ts";
import { table, wrapped } from "../output.ts";

/** A campaign's results, for a person. */
export function crashText(path: string, campaign: Campaign, ghz: number): string {
  const { versions, torn, failures, dependsOn } = campaign;
  if (versions.length === 0) {
    return `${path} takes no checkpoint: there is nothing to restart from. A program takes one with VELOC_Checkpoint.\n`;
  }
  const parts = [verdict(path, campaign), restartTable(versions)];
  const scratch = versions.filter(({ restoredVersion }) => restoredVersion === null);
  if (scratch.length > 0) {
    parts.push(
      `${scratch.length} of them restored nothing and began from the start: all work until the crash is lost.`,
    );
  }
  if (torn !== undefined) parts.push(...tornParts(torn, campaign.mismatches));
  const said = new Set(versions.flatMap(({ refusals }) => refusals));
  if (said.size > 0) parts.push([...said].map((line) => wrapped(line)).join("\n"));
  for (const [what, depends] of [
    ["the time", dependsOn.time],
    ["random numbers", dependsOn.randomness],
  ] as const) {
    if (depends)
      parts.push(
        wrapped(
          `The program's results depend on ${what} that the system gives it. Here a restarted program reads what the first run read; on a real machine it would not.`,
        ),
      );
  }
  if (failures.length > 0) {
    parts.push(
      table(
        ["failure at cycle", "finds", "work lost", "recovery"],
        ["right", "left", "right", "right"],
        failures.map(({ cycle, version, lostCycles, recovery }) => [
          integer(cycle),
          version === null ? "nothing" : `version ${version}`,
          `${cycles(lostCycles)} cycles`,
          milliseconds(recovery, ghz),
        ]),
      ),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

function verdict(path: string, { versions, torn, restarts, survived }: Campaign): string {
  if (survived < restarts) {
    return `${path} does not survive: ${restarts - survived} of ${restarts} restarts end otherwise than the run that nothing stopped.`;
  }
  const checkpoints = versions.filter(({ at }) => at !== "call").length;
  const when = versions.length > checkpoints ? "around" : "after";
  const cut = torn === undefined ? "" : `, and each of ${restarts - versions.length} torn commits`;
  return `${path} survives a crash ${when} each of its ${checkpoints} checkpoints${cut}: every restart ends like the run that nothing stopped.`;
}

function restartTable(restarts: readonly RestartReport[]): string {
  return table(
    ["crash after", "", "lost at most", "reload", "restore", "re-entry", "what differs"],
    ["left", "left", "right", "right", "right", "right", "left"],
    restarts.map((restart) => {
      const { name, version, at, survived, restoredVersion, difference, lostCycles, intervalCycles, recovery } =
        restart;
      return [
        `${name} ${version}${at === undefined ? "" : at === "call" ? ", call" : ", commit"}`,
        survived ? (restoredVersion === null ? "from the start" : "survives") : "differs",
        cycles(lostCycles + intervalCycles),
        cycles(recovery.reload),
        cycles(recovery.restore),
        cycles(recovery.reentry),
        difference ?? "",
      ];
    }),
  );
}

function tornParts(torn: readonly TornReport[], mismatches: readonly Mismatch[]): string[] {
  const rows = torn.map(({ name, version, tried, survived, found }) => [
    `${name} ${version}`,
    integer(tried),
    found.map((one) => `${one.version === null ? "nothing" : `version ${one.version}`} (${one.commits})`).join(", "),
    survived === tried ? "survives" : `${tried - survived} differ`,
  ]);
  const parts = [
    table(["torn commit of", "cuts", "the next start finds", ""], ["left", "right", "left", "left"], rows),
  ];
  const first = mismatches.find(({ tornAt }) => tornAt !== undefined);
  if (first !== undefined) {
    parts.push(wrapped(`${first.name} ${first.version}, cut at ${first.tornAt}: ${first.difference}`));
  }
  return parts;
}

function milliseconds({ detect, reload, restore, reentry }: Recovery, ghz: number): string {
  return `${((detect + reload + restore + reentry) / ghz / 1e6).toFixed(2)} ms`;
}
