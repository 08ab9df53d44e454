import type { CampaignInput } from "../restart/reference.ts";
import type { AuditedReference } from "./audited-reference.ts";
import { type AuditedRestart, auditedRestart, type RestartOptions } from "./audited-restart.ts";
import { type Candidate, candidatesOf, repairsOf } from "./candidates.ts";
import type { Effect, Subject } from "./findings.ts";
import { liveBytes } from "./reference-liveness.ts";
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

/**
 * Which of the state that a restart read and that was not protected makes it end otherwise. With all of it given back the restart
 * must end like the reference; a part without which it still does is harmless. Where that does not explain the difference,
 * state that the restarted program had set anew is looked at as well, if the reference lives on it.
 */
export function explain(context: ProofContext, first: AuditedRestart): readonly Explained[] {
  const { commit } = first;
  if (commit === undefined) return [];
  const subjects = context.subjectsAt(commit);
  const named = (restart: AuditedRestart) => candidatesOf(restart, subjects, context.isUsers);
  let candidates = named(first);
  if (first.restart.difference === undefined) return candidates.map((one) => ({ ...one, effect: "harmless" }));

  const again = (repaired: readonly Candidate[], tracksOverwritten: boolean) =>
    restartWith(context, first, { repairs: repairsOf(repaired, first.stale), tracksOverwritten });
  let isRepaired = false;
  let tracksOverwritten = false;
  for (let round = 0; round < MOST_ROUNDS && !isRepaired; round++) {
    const restart = again(candidates, tracksOverwritten);
    isRepaired = restart.restart.difference === undefined;
    if (isRepaired) break;
    const more = named(restart).filter(({ subject }) => candidates.every((one) => one.subject.key !== subject.key));
    if (more.length > 0) candidates = [...candidates, ...live(context, commit, more)];
    if (more.length === 0 && tracksOverwritten) break;
    if (more.length === 0) {
      tracksOverwritten = true;
      const reset = named(again(candidates, true)).filter(({ subject }) =>
        candidates.every((one) => one.subject.key !== subject.key),
      );
      candidates = [...candidates, ...live(context, commit, reset)];
    }
  }
  if (!isRepaired) return candidates.map((one) => ({ ...one, effect: "unproved" }));
  if (candidates.length === 1) return candidates.map((one) => ({ ...one, effect: "changes the result" }));
  return candidates.map((one) => {
    const others = candidates.filter((other) => other !== one);
    const without = again(others, tracksOverwritten).restart.difference;
    return { ...one, effect: without === undefined ? "harmless" : "changes the result" };
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
  const reset = candidates.filter(({ how, subject }) => how === "reset" && subject.kind !== "register");
  if (reset.length === 0) return [...candidates];
  const ranges = reset.flatMap((one) => one.ranges);
  const isLive = liveBytes(context.input, commit, ranges);
  return candidates.filter((one) => !reset.includes(one) || one.ranges.some(({ start }) => isLive(start)));
}
