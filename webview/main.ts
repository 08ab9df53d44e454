import { cycles, integer, percent } from "../src/run/units.ts";
import type { Perspective, RunSummary } from "../src/session/figures.ts";
import { connect } from "./host.ts";

const host = connect();
const main = document.createElement("main");
document.body.append(main);
let generation = 0;

host.onMessage((message) => {
  if (message.type === "empty") show([["", message.reason]]);
  if (message.type === "run") void showRun(message.run, message.perspective);
});
host.post({ type: "ready" });

async function showRun({ run, program }: RunSummary, perspective: Perspective): Promise<void> {
  const mine = ++generation;
  try {
    const { totals, overhead, machine } = await host.session.ask("report", { run, perspective });
    if (mine !== generation) return;
    show([
      ["Program", program.path],
      ["Technique", `${machine.technique} on ${machine.environment}`],
      ["Overhead", percent((100 * totals.overheadCycles) / totals.programCycles)],
      ["Cycles", `${cycles(overhead.cycles)} (${cycles(overhead.low)} to ${cycles(overhead.high)})`],
      ["Checkpoints", integer(totals.checkpoints)],
      ["Dirty pages", integer(totals.dirtyPages)],
      ["Traps", integer(totals.traps)],
    ]);
  } catch (error) {
    if (mine === generation) show([["", String(error)]]);
  }
}

function show(rows: readonly (readonly [string, string])[]): void {
  const list = document.createElement("dl");
  for (const [name, value] of rows) {
    const term = document.createElement("dt");
    term.textContent = name;
    const detail = document.createElement("dd");
    detail.textContent = value;
    list.append(term, detail);
  }
  main.replaceChildren(list);
}
