import type { CampaignInput } from "../restart/reference.ts";
import type { AuditedReference } from "./audited-reference.ts";
import { type AuditedRestart, auditedRestart, type RestartOptions } from "./audited-restart.ts";
import { type Book, type Candidate, candidatesOf, repairsOf } from "./candidates.ts";
import type { Effect, Subject } from "./findings.ts";
import { livenessOf } from "./reference-liveness.ts";
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
const MOST_ROUNDS = 4;

/** What is looked at if what was looked at before does not explain a restart's end. */
const LEVELS: readonly { readonly tracksOverwritten: boolean; readonly books: readonly Book[] }[] = [
  { tracksOverwritten: false, books: [] },
  { tracksOverwritten: true, books: [] },
  { tracksOverwritten: true, books: ["streams"] },
  { tracksOverwritten: true, books: ["streams", "allocator", "runtime"] },
];

/**
 * Which of the state that a restart read and that was not protected makes it end otherwise. With all of it given back the restart
 * must end like the reference; a part without which it still does is harmless. Where that does not explain the difference,
 * state that the restarted program had set anew is looked at as well, if the reference lives on it, and then the books of the
 * process: text that is not yet written out, the allocator's.
 */
export function explain(context: ProofContext, first: AuditedRestart): readonly Explained[] {
  const { commit } = first;
  if (commit === undefined) return [];
  const subjects = context.subjectsAt(commit);
  const found = candidatesOf(first, subjects, context.isUsers);
  if (first.restart.difference === undefined) return found.map((one) => ({ ...one, effect: "harmless" }));

  const again = (repaired: readonly Candidate[], tracksOverwritten: boolean) =>
    restartWith(context, first, { repairs: repairsOf(repaired, first.stale), tracksOverwritten });
  let candidates: readonly Candidate[] = found;
  for (const { tracksOverwritten, books } of LEVELS) {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const restart = again(candidates, tracksOverwritten);
      if (restart.restart.difference === undefined) {
        return weighed(candidates, (others) => again(others, tracksOverwritten).restart.difference === undefined);
      }
      const known = new Set(candidates.map(({ subject }) => subject.key));
      const all = candidatesOf(restart, subjects, context.isUsers, books);
      const more = live(
        context,
        commit,
        all.filter(({ subject }) => !known.has(subject.key)),
      );
      if (more.length === 0) break;
      candidates = [...candidates, ...more];
    }
  }
  return (found.length === 0 ? candidates : found).map((one) => ({ ...one, effect: "unproved" }));
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
function live(context: ProofContext, commit: number, candidates: readonly Candidate[]): Candidate[] {
  const reset = candidates.filter(({ how }) => how === "reset");
  if (reset.length === 0) return [...candidates];
  const isLive = livenessOf(
    context.input,
    commit,
    reset.flatMap((one) => one.ranges),
  );
  return candidates.filter(
    ({ how, subject, ranges }) =>
      how !== "reset" ||
      (subject.kind === "register" ? isLive.register(subject.key) : ranges.some(({ start }) => isLive.byte(start))),
  );
}
