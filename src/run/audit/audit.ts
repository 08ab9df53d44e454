import type { SymbolTable } from "../../program/symbols/symbols.ts";
import type { SiteSource } from "../recording.ts";
import type { CampaignInput } from "../restart/reference.ts";
import { AuditedReference } from "./audited-reference.ts";
import { type AuditedRestart, auditedRestart, NO_REPAIRS } from "./audited-restart.ts";
import { byteCount } from "./byte-ranges.ts";
import { candidatesOf } from "./candidates.ts";
import { type DeadBytes, deadBytes } from "./dead-bytes.ts";
import { type Explained, explain, type ProofContext } from "./explain.ts";
import type { DeadFinding, Effect, Place, Subject, UnprotectedFinding } from "./findings.ts";
import { lastWriters } from "./last-writers.ts";
import { Subjects } from "./subjects.ts";

/** What became of a restart, for a list of them. */
export interface AuditedVersion {
  readonly name: string;
  readonly version: number;
  readonly restoredVersion: number | null;
  /** How it ended otherwise than the reference. */
  readonly difference?: string;
}

/** What a restart audit found. */
export interface Audit {
  readonly audited: AuditedReference;
  readonly versions: readonly AuditedVersion[];
  /** State that is not protected and changes what a restarted program does. */
  readonly unprotected: readonly UnprotectedFinding[];
  /** State that is not protected and was read, without any effect. */
  readonly harmless: readonly UnprotectedFinding[];
  /** The largest first. */
  readonly dead: readonly DeadFinding[];
}

export interface AuditOptions {
  readonly symbols: SymbolTable;
  /** Comes before each run. */
  onProgress?(done: number, total: number, what: string): void;
}

/** Globals of WebAssembly that are the language's own: stack pointers, and what a runtime keeps its books in. */
const OWN_GLOBALS = /^(?:__\w+|~lib\/(?:rt|memory|builtins|shared)\/.*)$/;

/** The weightiest first. */
const EFFECTS: readonly Effect[] = ["prevents the restart", "changes the result", "unproved", "harmless"];

/**
 * Restarts a program from each of its checkpoints and follows, byte for byte, what the restarted program lives on: state that was
 * not restored and is not what it was, and restored state that it never reads.
 * @param input a program built for an audit, instrumented in `watch` mode
 */
export function auditRestarts(input: CampaignInput, { symbols, onProgress }: AuditOptions): Audit {
  onProgress?.(0, 1, "the run that nothing stops");
  const audited = new AuditedReference(input);
  const { commits } = audited.reference;
  const context = proofContext(input, audited, symbols);
  const restarts: AuditedRestart[] = [];
  const found = new Map<string, UnprotectedFinding>();
  for (let commit = 0; commit < commits.length; commit++) {
    onProgress?.(commit + 1, commits.length + 1, `a restart from version ${commits[commit].version}`);
    const restart = auditedRestart(input, audited, commit, {
      repairs: NO_REPAIRS,
      tracksOverwritten: false,
      skipsGlobal: context.skipsGlobal,
    });
    restarts.push(restart);
    for (const finding of findingsOf(context, restart, found)) merge(found, finding);
  }
  const all = withWriters(input, audited, [...found.values()]).sort(
    (a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect),
  );
  return {
    audited,
    versions: restarts.map(({ restart, commit }) => {
      const { name, version } = commits[restart.commit];
      const { difference } = restart;
      return {
        ...{ name, version, restoredVersion: commit === undefined ? null : commits[commit].version },
        ...(difference === undefined ? {} : { difference }),
      };
    }),
    unprotected: all.filter(({ effect }) => effect !== "harmless"),
    harmless: all.filter(({ effect }) => effect === "harmless"),
    dead: deadBytes(audited, restarts)
      .map((dead) => deadFinding(context, dead))
      .sort((a, b) => b.bytes - a.bytes),
  };
}

function proofContext(input: CampaignInput, audited: AuditedReference, symbols: SymbolTable): ProofContext {
  let latest: { readonly commit: number; readonly subjects: Subjects } | undefined;
  const { language, sources } = input.program;
  const isC = language === "c" || language === "c++";
  return {
    input,
    audited,
    subjectsAt(commit) {
      if (latest?.commit !== commit) {
        const state = { ...audited.states[commit], memory: audited.memoryAt(commit) };
        latest = { commit, subjects: new Subjects(symbols, state) };
      }
      return latest.subjects;
    },
    isUsers: ({ kind, declaredAt }) =>
      kind === "heap" || declaredAt === undefined || sources.size === 0 || sources.has(declaredAt.file),
    skipsGlobal: (index) => isC || OWN_GLOBALS.test(symbols.globalName(index)?.name ?? ""),
  };
}

/** What one restart adds. State that is known already is not proved again, as long as it explains this restart as well. */
function findingsOf(
  context: ProofContext,
  restart: AuditedRestart,
  known: ReadonlyMap<string, UnprotectedFinding>,
): UnprotectedFinding[] {
  const { commits } = context.audited.reference;
  const differs = restart.restart.difference !== undefined;
  const version = commits[restart.commit ?? restart.restart.commit].version;
  const explained = restart.commit === undefined ? [] : explainedBy(context, restart, known);
  const isExplained = explained.some(({ effect }) => effect === "changes the result");
  return [
    ...explained.map(({ subject, how, ranges, place, effect }) => ({
      ...{ kind: "unprotected" as const, subject, how, effect, ranges },
      bytes: ranges.length === 0 ? subject.sizeBytes : byteCount(ranges),
      ...at("readAt", place.user),
      ...{ firstRestartVersion: version, restarts: 1 },
    })),
    ...restart.refused.flatMap((region) => {
      const { id, group, commit, place } = region;
      const saved = context.audited.states[commit].saved.find((one) => one.id === id && one.group === group);
      if (saved === undefined) return [];
      const subject = context.subjectsAt(commit).at(saved.address) ?? regionSubject(id, saved.address, saved.bytes);
      return [
        {
          ...{ kind: "unprotected" as const, subject, how: "refused" as const, region: id },
          effect: "prevents the restart" as const,
          ranges: [{ start: saved.address, end: saved.address + saved.bytes }],
          bytes: saved.bytes,
          ...at("readAt", placeIn(place)),
          ...{ firstRestartVersion: commits[commit].version, restarts: 1 },
        },
      ];
    }),
    ...restart.inputs.map(({ path, expected, place }) => ({
      kind: "unprotected" as const,
      subject: inputSubject(path, expected),
      how: "stale" as const,
      effect: differs && !isExplained ? ("changes the result" as const) : ("harmless" as const),
      ...{ ranges: [], bytes: 0 },
      ...at("readAt", placeIn(place)),
      ...{ firstRestartVersion: version, restarts: 1 },
    })),
  ];
}

function explainedBy(
  context: ProofContext,
  restart: AuditedRestart,
  known: ReadonlyMap<string, UnprotectedFinding>,
): readonly Explained[] {
  const subjects = context.subjectsAt(restart.commit ?? 0);
  const candidates = candidatesOf(restart, subjects, context.isUsers);
  const effects = candidates.map(({ subject }) => known.get(subject.key)?.effect);
  const hasCause = effects.includes("changes the result");
  if (restart.restart.difference !== undefined && hasCause && effects.every((effect) => effect !== undefined)) {
    return candidates.map((one, i) => ({ ...one, effect: effects[i] ?? "unproved" }));
  }
  return explain(context, restart);
}

/** The same subject in another restart: what weighs more counts, and the first place stays. */
function merge(found: Map<string, UnprotectedFinding>, finding: UnprotectedFinding): void {
  const known = found.get(finding.subject.key);
  if (known === undefined) {
    found.set(finding.subject.key, finding);
    return;
  }
  const weightier = EFFECTS.indexOf(finding.effect) < EFFECTS.indexOf(known.effect);
  const { subject, ranges, bytes } = finding.bytes > known.bytes ? finding : known;
  found.set(subject.key, {
    ...(weightier ? finding : known),
    ...{ ranges, bytes },
    restarts: known.restarts + 1,
    firstRestartVersion: weightier ? finding.firstRestartVersion : known.firstRestartVersion,
  });
}

/** Asks the reference who wrote what was read, before the first checkpoint whose restart reads it. */
function withWriters(
  input: CampaignInput,
  audited: AuditedReference,
  findings: readonly UnprotectedFinding[],
): UnprotectedFinding[] {
  const { commits } = audited.reference;
  const writers = lastWriters(
    input,
    findings.map(({ ranges, firstRestartVersion, effect }) => ({
      ranges: effect === "harmless" ? [] : ranges,
      commit: commits.findIndex(({ version }) => version === firstRestartVersion),
    })),
  );
  return findings.map((finding, i) => ({ ...finding, ...at("writtenAt", writers[i]) }));
}

function deadFinding(context: ProofContext, dead: DeadBytes): DeadFinding {
  const { id, group, regionBytes, address, commit, ranges, writtenAt } = dead;
  const { commits } = context.audited.reference;
  const subject = context.subjectsAt(commit).at(address + ranges[0].start) ?? regionSubject(id, address, regionBytes);
  return {
    ...{ kind: "dead", subject, region: id, group, regionBytes, ranges, bytes: byteCount(ranges) },
    ...{ address: address + ranges[0].start, firstRestartVersion: commits[commit].version },
    ...at("writtenAt", writtenAt),
  };
}

function regionSubject(id: number, address: number, sizeBytes: number): Subject {
  return { key: `region ${id}`, kind: "memory", symbol: `region ${id}`, address, sizeBytes };
}

function inputSubject(path: string, expected: number): Subject {
  const symbol = path === "<stdin>" ? "position in the standard input" : `position in ${path}`;
  return {
    key: `input ${path}`,
    kind: "input",
    symbol,
    type: `${expected} bytes from the start`,
    address: 0,
    sizeBytes: 0,
  };
}

function placeIn(source: SiteSource | undefined): Place | undefined {
  return source === undefined || source.line === 0 ? undefined : { file: source.file, line: source.line };
}

function at<Name extends string>(name: Name, place: Place | undefined): Partial<Record<Name, Place>> {
  return place === undefined ? {} : ({ [name]: place } as Record<Name, Place>);
}
