import type { Program } from "../../program/program.ts";
import { loadSymbols } from "../../program/symbols/load-symbols.ts";
import type { CampaignInput } from "../restart/reference.ts";
import type { RunWatcher } from "../watcher.ts";
import type { Audit } from "./audit.ts";
import { placeOf } from "./audited-reference.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { UnprotectedFinding } from "./findings.ts";
import { HeapBlocks } from "./heap-blocks.ts";
import { SeenEnough, watchReference } from "./partial-run.ts";
import type { HeapBlock } from "./subjects.ts";

/**
 * Where what an audit found unprotected lies in the program as it is otherwise built. Global variables have the same names in
 * every build, and blocks of the heap are allocated by the same lines in the same order. Locals are left out: there they may be in
 * no memory at all.
 * @param watched the other build in `watch` mode; it is only run where blocks are asked for
 */
export function placesInBuild(
  program: Program,
  { audited, unprotected }: Audit,
  watched: () => CampaignInput,
): ByteRange[] {
  const { commits } = audited.reference;
  const blocks = new Map<number, readonly HeapBlock[]>();
  const blocksOf = (commit: number): readonly HeapBlock[] => {
    const known = blocks.get(commit) ?? blocksAt(watched(), commit);
    blocks.set(commit, known);
    return known;
  };
  const { globals } = loadSymbols(program);
  return unprotected.flatMap((finding) => {
    const { subject, firstRestartVersion } = finding;
    if (subject.kind === "heap") {
      const commit = commits.findIndex(({ version }) => version === firstRestartVersion);
      return commit < 0 ? [] : inBlocks(finding, audited.states[commit].blocks, blocksOf(commit));
    }
    const { kind, symbol, declaredAt } = subject;
    if (kind !== "variable" || declaredAt === undefined) return [];
    const found = globals.find(
      ({ name, file, line }) => name === symbol && file === declaredAt.file && line === declaredAt.line,
    );
    return found === undefined ? [] : [{ start: found.address, end: found.address + found.sizeBytes }];
  });
}

/** A finding's bytes, moved from blocks to those that are the same in another build. */
function inBlocks({ ranges }: UnprotectedFinding, from: readonly HeapBlock[], to: readonly HeapBlock[]): ByteRange[] {
  return ranges.flatMap(({ start, end }) =>
    from.flatMap(({ address, sizeBytes, allocatedAt, ordinal }) => {
      const first = Math.max(start, address);
      const last = Math.min(end, address + sizeBytes);
      if (first >= last || allocatedAt === undefined) return [];
      const same = to.find(
        (other) =>
          other.ordinal === ordinal &&
          other.sizeBytes === sizeBytes &&
          other.allocatedAt?.line === allocatedAt.line &&
          other.allocatedAt.file === allocatedAt.file,
      );
      return same === undefined ? [] : [{ start: same.address + first - address, end: same.address + last - address }];
    }),
  );
}

/** The blocks that a program has when it takes a checkpoint. */
function blocksAt(input: CampaignInput, commit: number): readonly HeapBlock[] {
  const heap = new HeapBlocks();
  let blocks: readonly HeapBlock[] = [];
  let checkpoints = 0;
  const watcher: RunWatcher = {
    heap: (process, effect, site) => heap.note(effect, placeOf(process, site)),
    checkpointed() {
      if (checkpoints++ !== commit) return;
      blocks = heap.list();
      throw new SeenEnough();
    },
  };
  watchReference(input, watcher);
  return blocks;
}
