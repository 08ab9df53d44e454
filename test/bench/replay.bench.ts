/** How long a recording takes through one technique: a million first touches, and a million dirty pages after a checkpoint. */
import { DEFAULT_MACHINE, type MachineOptions } from "../../src/run/machine.ts";
import { type EpochPages, EVENT, type Recording } from "../../src/run/recording.ts";
import { replay } from "../../src/run/replay.ts";

const EVENTS = 1_000_000;

/** A program that stores to `pageCount` pages in each of some epochs, in the same order, with a checkpoint after each. */
function recordingOf(pageCount: number, epochs: number): Recording {
  const columns = { kind: [] as number[], argument: [] as number[], site: [] as number[], cycle: [] as number[] };
  const calls: Recording["calls"][number][] = [];
  const push = (kind: number, argument: number, site: number) => {
    columns.kind.push(kind);
    columns.argument.push(argument);
    columns.site.push(site);
    columns.cycle.push(columns.kind.length * 10);
  };
  const call = (what: Recording["calls"][number]) => push(EVENT.call, calls.push(what) - 1, 1);
  call({ kind: "protect", spec: { id: 1, group: "", address: 0, bytes: pageCount * 4096, label: "" } });
  const pages = Uint32Array.from({ length: pageCount }, (_, page) => page);
  const ones = new Uint32Array(pageCount).fill(1);
  const written: EpochPages = { pages, low: ones, high: ones, stores: ones, changed: pages };
  const list: EpochPages[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let page = 0; page < pageCount; page++) push(EVENT.store, page, 0);
    call({ kind: "save", regions: [{ id: 1, group: "" }], epoch });
    call({ kind: "commit", name: "bench", version: epoch + 1 });
    list.push(written);
  }
  const site = { file: "bench.c", line: 1, function: "main" };
  return {
    startPages: pageCount,
    residentPages: [],
    endPages: pageCount,
    kind: Uint8Array.from(columns.kind),
    argument: Uint32Array.from(columns.argument),
    site: Int32Array.from(columns.site),
    cycle: Float64Array.from(columns.cycle),
    calls,
    systemCalls: [],
    epochs: list,
    sites: [site, site],
    lines: [],
    programCycles: columns.kind.length * 10,
    labels: [],
  };
}

const touches = recordingOf(EVENTS, 1);
const dirtying = recordingOf(EVENTS / 10, 11);
for (const [environment, technique] of [
  ["native", "full-copy"],
  ["native", "mprotect"],
  ["xen-pv", "full-copy"],
  ["xen-pv", "mprotect"],
  ["xen-pv", "hv-protect"],
] as const) {
  const options: MachineOptions = { ...DEFAULT_MACHINE, environment, technique };
  const seconds = (recording: Recording) => {
    const start = performance.now();
    replay(recording, options);
    return ((performance.now() - start) / 1000).toFixed(2);
  };
  replay(dirtying, options);
  console.log(
    `${technique.padEnd(12)} ${environment.padEnd(8)} one million first touches ${seconds(touches)} s, ` +
      `one million dirty pages in ten epochs ${seconds(dirtying)} s`,
  );
}
