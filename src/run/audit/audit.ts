import type { SymbolTable } from "../../program/symbols/symbols.ts";
import type { SiteSource } from "../recording.ts";
import type { CampaignInput, ReferenceCommit } from "../restart/reference.ts";
import { AuditedReference, rangeOf } from "./audited-reference.ts";
import { type AuditedRestart, auditedRestart, NO_REPAIRS } from "./audited-restart.ts";
import { type ByteRange, byteCount, mergedBytes } from "./byte-ranges.ts";
import { candidatesOf } from "./candidates.ts";
import { type DeadBytes, DeadBytesFinder, type RegionLayer } from "./dead-bytes.ts";
import { type Explained, explain, type ProofContext } from "./explain.ts";
import type { DeadFinding, Finding, Place, Subject, UnprotectedFinding } from "./findings.ts";
import { FoundState, type Sighting } from "./found.ts";
import { lastWriters } from "./last-writers.ts";
import { memberOf } from "./member-of.ts";
import { type RegionNote, regionNotes } from "./region-notes.ts";
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
  /** Protected for nothing; the largest first. */
  readonly dead: readonly DeadFinding[];
  readonly regions: readonly RegionNote[];
  readonly layers: readonly RegionLayer[];
  /** State that is not protected and was read, without any effect; and protected state that is dead and too little to matter. */
  readonly harmless: readonly Finding[];
}

export interface AuditOptions {
  readonly symbols: SymbolTable;
  /** Comes before each run. */
  onProgress?(done: number, total: number, what: string): void;
}

/** Globals of WebAssembly that are the language's own: stack pointers, and what a runtime keeps its books in. */
const OWN_GLOBALS = /^(?:__\w+|~lib\/(?:rt|memory|builtins|shared)\/.*)$/;

/** Less of a region than this part, and less than a page of it, is not worth a region's division. */
const LEAST_PART = 1 / 8;
const PAGE_BYTES = 4096;

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
  const versions: AuditedVersion[] = [];
  const deadBytes = new DeadBytesFinder(audited);
  const found = new FoundState();
  for (let commit = 0; commit < commits.length; commit++) {
    onProgress?.(commit + 1, commits.length + 1, `a restart from version ${commits[commit].version}`);
    const restart = auditedRestart(input, audited, commit, {
      repairs: NO_REPAIRS,
      tracksOverwritten: false,
      tracksRestored: false,
      skipsGlobal: context.skipsGlobal,
    });
    versions.push(versionOf(commits, restart));
    // Before another restart takes its states' place.
    deadBytes.add(restart);
    for (const sighting of sightingsOf(context, restart, found)) found.add(sighting);
  }
  const all = withWriters(input, audited, found.list());
  const dead = deadBytes
    .list()
    .map((bytes) => deadFinding(context, bytes))
    .sort((a, b) => b.bytes - a.bytes);
  const matters = ({ bytes, regionBytes }: DeadFinding) => bytes >= PAGE_BYTES || bytes >= regionBytes * LEAST_PART;
  return {
    audited,
    versions,
    regions: regionNotes(audited),
    layers: deadBytes.uses(),
    unprotected: all.filter(({ effect }) => effect !== "harmless"),
    dead: dead.filter(matters),
    harmless: [...all.filter(({ effect }) => effect === "harmless"), ...dead.filter((one) => !matters(one))],
  };
}

function versionOf(commits: readonly ReferenceCommit[], { restart, commit }: AuditedRestart): AuditedVersion {
  const { name, version } = commits[restart.commit];
  const { difference } = restart;
  return {
    ...{ name, version, restoredVersion: commit === undefined ? null : commits[commit].version },
    ...(difference === undefined ? {} : { difference }),
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

/** What one restart tells. */
function sightingsOf(context: ProofContext, restart: AuditedRestart, found: FoundState): Sighting[] {
  const { states, reference } = context.audited;
  const { commits } = reference;
  const differs = restart.restart.difference !== undefined;
  const firstRestartVersion = commits[restart.commit ?? restart.restart.commit].version;
  const explained = (restart.commit === undefined ? [] : explainedBy(context, restart, found)).filter(
    // What it took from files and its input explains it as well.
    ({ subject: { kind } }) => kind !== "code" || restart.inputs.length === 0,
  );
  const isExplained = explained.some(({ effect }) => effect === "changes the result");
  const held = mergedBytes(
    restart.regions.map(({ address, states: { length } }) => rangeOf({ address, bytes: length })),
  );
  return [
    ...explained.map(({ subject, how, ranges, extents, place, effect }) => ({
      ...{ kind: "unprotected" as const, subject, how, effect, ranges, extents, held },
      ...partlyHeldBy(extents, restart.regions),
      ...at("readAt", place.user),
      firstRestartVersion,
    })),
    ...restart.refused.flatMap(({ id, group, commit, place }) => {
      const saved = states[commit].saved.find((one) => one.id === id && one.group === group);
      if (saved === undefined) return [];
      const { address, bytes } = saved;
      const range = { start: address, end: address + bytes };
      const placed = context.subjectsAt(commit).at(address);
      return [
        {
          ...{ kind: "unprotected" as const, subject: placed?.subject ?? regionSubject(id, address, bytes) },
          ...{ how: "refused" as const, effect: "prevents the restart" as const, region: id },
          ...{ ranges: [range], extents: [{ ...range, layout: undefined }], held: [] },
          ...at("readAt", placeIn(place)),
          firstRestartVersion: commits[commit].version,
        },
      ];
    }),
    ...restart.inputs.map(({ path, expected, place }) => ({
      ...{ kind: "unprotected" as const, subject: inputSubject(path, expected), how: "stale" as const },
      effect: differs && !isExplained ? ("changes the result" as const) : ("harmless" as const),
      ...{ ranges: [], extents: [], held },
      ...at("readAt", placeIn(place)),
      firstRestartVersion,
    })),
  ];
}

/** The region that holds a part of these. */
function partlyHeldBy(
  extents: readonly ByteRange[],
  regions: AuditedRestart["regions"],
): Pick<UnprotectedFinding, "region" | "isCutShort"> {
  const region = regions.find(({ address, states }) =>
    extents.some(({ start, end }) => address < end && address + states.length > start),
  );
  if (region === undefined) return {};
  return { region: region.id, isCutShort: extents.length === 1 && region.address === extents[0].start };
}

/** State that is known already is not proved again, as long as it explains this restart as well. */
function explainedBy(context: ProofContext, restart: AuditedRestart, found: FoundState): readonly Explained[] {
  const subjects = context.subjectsAt(restart.commit ?? 0);
  const candidates = candidatesOf(restart, subjects, context.isUsers);
  const effects = candidates.map(({ subject }) => found.effectOn(subject));
  const hasCause = effects.includes("changes the result");
  if (restart.restart.difference !== undefined && hasCause && effects.every((effect) => effect !== undefined)) {
    return candidates.map((one, i) => ({ ...one, effect: effects[i] ?? "unproved" }));
  }
  return explain(context, restart);
}

/** Asks the reference who wrote what was read, before the first checkpoint whose restart reads it. */
function withWriters(
  input: CampaignInput,
  audited: AuditedReference,
  findings: readonly Omit<UnprotectedFinding, "writtenAt">[],
): UnprotectedFinding[] {
  const { commits } = audited.reference;
  const writers = lastWriters(
    input,
    findings.map(({ ranges, firstRestartVersion, effect, subject: { kind, key } }) => ({
      ranges: effect === "harmless" ? [] : ranges,
      register: kind === "register" ? key : undefined,
      commit: commits.findIndex(({ version }) => version === firstRestartVersion),
    })),
  );
  return findings.map((finding, i) => ({ ...finding, ...at("writtenAt", writers[i]) }));
}

function deadFinding(context: ProofContext, dead: DeadBytes): DeadFinding {
  const { id, group, regionBytes, address, commit, ranges, writtenAt } = dead;
  const { commits } = context.audited.reference;
  const [start, end] = [address + ranges[0].start, address + ranges[ranges.length - 1].end];
  const placed = context.subjectsAt(commit).at(start);
  const subject = placed?.subject ?? regionSubject(id, address, regionBytes);
  const part =
    placed === undefined || end > placed.end
      ? ""
      : memberOf(placed.layout, placed.end - placed.start, { start: start - placed.start, end: end - placed.start })
          .path;
  return {
    ...{ kind: "dead", subject, symbol: subject.symbol + part, region: id, group, regionBytes, ranges },
    ...{ bytes: byteCount(ranges), address: start, firstRestartVersion: commits[commit].version },
    ...at("writtenAt", writtenAt),
  };
}

function regionSubject(id: number, address: number, sizeBytes: number): Subject {
  return { key: `region ${id}`, kind: "memory", symbol: `region ${id}`, address, sizeBytes };
}

function inputSubject(path: string, expected: number | undefined): Subject {
  const symbol = path === "<stdin>" ? "standard input" : path;
  const type = expected === undefined ? "contents" : `position, ${expected} bytes from the start`;
  return { key: `input ${path}`, kind: "input", symbol, type, address: 0, sizeBytes: 0 };
}

function placeIn(source: SiteSource | undefined): Place | undefined {
  return source === undefined || source.line === 0 ? undefined : { file: source.file, line: source.line };
}

function at<Name extends string>(name: Name, place: Place | undefined): Partial<Record<Name, Place>> {
  return place === undefined ? {} : ({ [name]: place } as Record<Name, Place>);
}
