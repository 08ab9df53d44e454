import type { CampaignInput } from "../restart/reference.ts";
import type { AuditedReference } from "./audited-reference.ts";
import { type AuditedRestart, auditedRestart, type RestartOptions } from "./audited-restart.ts";
import { byteCount, gapsOf, mergedBytes } from "./byte-ranges.ts";
import { type Book, type Candidate, candidatesOf, repairsOf } from "./candidates.ts";
import type { Effect, Subject } from "./findings.ts";
import { livenessOf } from "./reference-liveness.ts";
import type { AccessPlace } from "./restart-shadow.ts";
import type { Subjects } from "./subjects.ts";

/** A candidate, and whether it matters. */
export interface Explained extends Candidate {
  readonly effect: Effect;
}

/** Restarts of a program by which candidates are proved. */
export interface ProofContext {
  readonly input: CampaignInput;
  readonly audited: AuditedReference;
  subjectsAt(commit: number): Subjects;
  isUsers(subject: Subject): boolean;
  skipsGlobal(index: number): boolean;
}

/** Rounds in which what was repaired brings more to light. */
const MOST_ROUNDS = 6;

interface Level {
  readonly tracksOverwritten: boolean;
  readonly tracksRestored: boolean;
  /** Whether state counts that is no variable or block of the program. */
  readonly looksBeyond: boolean;
  readonly books: readonly Book[];
}

/** What is looked at if what was looked at before does not explain a restart's end. */
const LEVELS: readonly Level[] = [
  level({}),
  level({ looksBeyond: true }),
  level({ tracksOverwritten: true }),
  level({ tracksOverwritten: true, looksBeyond: true }),
  level({ tracksOverwritten: true, tracksRestored: true }),
  level({ tracksOverwritten: true, tracksRestored: true, looksBeyond: true, books: ["streams"] }),
  level({
    tracksOverwritten: true,
    tracksRestored: true,
    looksBeyond: true,
    books: ["streams", "allocator", "runtime"],
  }),
];

function level(level: Partial<Level>): Level {
  return { tracksOverwritten: false, tracksRestored: false, looksBeyond: false, books: [], ...level };
}

/**
 * Which of the state that a restart read and that was not protected makes it end otherwise. With all of it given back the restart
 * must end like the reference; a part without which it still does is harmless. Where that does not explain the difference,
 * state that the restarted program had set anew is looked at as well, if the reference lives on it, be it restored or not; and then
 * the books of the process: text that is not yet written out, the allocator's.
 */
export function explain(context: ProofContext, first: AuditedRestart): readonly Explained[] {
  const { commit } = first;
  if (commit === undefined) return [];
  const subjects = context.subjectsAt(commit);
  const read = ({ looksBeyond, books }: Level, restart: AuditedRestart) => {
    const all = candidatesOf(restart, subjects, context.isUsers, books);
    return looksBeyond ? all : all.filter(isOfProgram);
  };
  const own = read(LEVELS[0], first);
  if (first.restart.difference === undefined) return own.map((one) => ({ ...one, effect: "harmless" }));

  let candidates: readonly Candidate[] = own;
  let restart = first;
  /** What `restart` was given back, and how it was followed. */
  let done: { readonly candidates: readonly Candidate[]; readonly level: Level } = { candidates: [], level: LEVELS[0] };
  const again = (repaired: readonly Candidate[], { tracksOverwritten, tracksRestored }: Level) =>
    restartWith(context, first, { repairs: repairsOf(repaired, first.stale), tracksOverwritten, tracksRestored });
  for (const level of LEVELS) {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (done.candidates !== candidates || !isFollowedAlike(done.level, level)) {
        restart = again(candidates, level);
        done = { candidates, level };
      }
      if (restart.restart.difference === undefined) {
        return weighed(candidates, (others) => again(others, level).restart.difference === undefined);
      }
      const more = withMore(candidates, live(context, commit, read(level, restart)));
      if (more === candidates) break;
      candidates = more;
    }
  }
  const unproved = own.length === 0 ? candidates : own;
  if (unproved.length === 0) return [restartingCode(first)];
  return unproved.map((one) => ({ ...one, effect: "unproved" }));
}

function isFollowedAlike(a: Level, b: Level): boolean {
  return a.tracksOverwritten === b.tracksOverwritten && a.tracksRestored === b.tracksRestored;
}

/** Nothing that it reads explains it: the program does something else when it restarts. */
function restartingCode({ restoredAt = NOWHERE }: AuditedRestart): Explained {
  const subject = {
    key: "code",
    kind: "code",
    symbol: "what runs after a restart only",
    address: 0,
    sizeBytes: 0,
  } as const;
  return { subject, how: "reset", ranges: [], reset: [], extents: [], place: restoredAt, effect: "unproved" };
}

const NOWHERE: AccessPlace = { user: undefined, functionName: "", isLibrary: false };

function isOfProgram({ subject: { kind } }: Candidate): boolean {
  return kind !== "library" && kind !== "memory";
}

/** The same list where nothing is new. */
function withMore(known: readonly Candidate[], read: readonly Candidate[]): readonly Candidate[] {
  const merged = new Map(known.map((one) => [one.subject.key, one]));
  let isNew = false;
  for (const one of read) {
    const { key } = one.subject;
    const before = merged.get(key);
    if (before === undefined) {
      merged.set(key, one);
      isNew = true;
      continue;
    }
    const ranges = mergedBytes([...before.ranges, ...one.ranges]);
    const extents = [
      ...before.extents,
      ...one.extents.filter(({ start }) => before.extents.every((other) => other.start !== start)),
    ];
    const hasMore =
      one.extents.length === 0 && one.subject.kind !== "register" && byteCount(ranges) > byteCount(before.ranges);
    if (!hasMore && extents.length === before.extents.length) continue;
    merged.set(key, { ...before, ranges, extents });
    isNew = true;
  }
  return isNew ? [...merged.values()] : known;
}

/** All of them together explain a restart's end: which of them are needed for that. */
function weighed(candidates: readonly Candidate[], isRepairedBy: (some: readonly Candidate[]) => boolean): Explained[] {
  if (candidates.length === 1) return candidates.map((one) => ({ ...one, effect: "changes the result" }));
  return candidates.map((one) => {
    const isHarmless = isRepairedBy(candidates.filter((other) => other !== one));
    return { ...one, effect: isHarmless ? "harmless" : "changes the result" };
  });
}

function restartWith(
  { input, audited, skipsGlobal }: ProofContext,
  { commit = 0 }: AuditedRestart,
  options: Omit<RestartOptions, "skipsGlobal">,
): AuditedRestart {
  return auditedRestart(input, audited, commit, { ...options, skipsGlobal });
}

/** Of state that was set anew, only what the reference reads after the checkpoint before it sets it. */
function live({ input }: ProofContext, commit: number, candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.every(({ how, reset }) => how === "stale" && reset.length === 0)) return candidates;
  const isLive = livenessOf(
    input,
    commit,
    candidates.flatMap(({ reset }) => reset),
  );
  return candidates.flatMap((one) => {
    const { subject, ranges, reset, how } = one;
    if (subject.kind === "register") return how === "stale" || isLive.register(subject.key) ? [one] : [];
    const dead = reset.flatMap(({ start, end }) => isLive.deadParts(start, end));
    const left = ranges.flatMap(({ start, end }) => gapsOf(dead, start, end));
    return left.length === 0 ? [] : [{ ...one, ranges: left }];
  });
}
