import type { Program } from "../../program/program.ts";
import type { Audit, AuditedVersion } from "./audit.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { RegionLayer } from "./dead-bytes.ts";
import type { DeadFinding, Effect, Finding, Place, SubjectKind, UnprotectedFinding } from "./findings.ts";
import { type Fix, fixesFor } from "./fixes.ts";
import type { RegionNote } from "./region-notes.ts";
import type { Saving } from "./savings.ts";

/** A finding as plain data, for a document or another process. */
export interface FindingDocument {
  readonly kind: "unprotected" | "dead";
  readonly symbol: string;
  readonly subject: SubjectKind;
  readonly type?: string;
  /** Whose local variable it is. */
  readonly function?: string;
  /** What could not be restored, holds a part of what is missing, or is dead. */
  readonly region?: number;
  readonly group?: string;
  readonly regionBytes?: number;
  readonly address: number;
  readonly bytes: number;
  /** Of what is unprotected. */
  readonly effect?: Effect;
  readonly how?: UnprotectedFinding["how"];
  /** Of what is dead: offsets in the region, the first ones of them, and how many there are. */
  readonly ranges?: readonly ByteRange[];
  readonly rangeCount?: number;
  readonly declaredAt?: Place;
  readonly allocatedAt?: Place;
  readonly readAt?: Place;
  readonly writtenAt?: Place;
  readonly firstRestartVersion: number;
  /** How many restarts read what is unprotected. */
  readonly restarts?: number;
  readonly fix?: Fix;
  /** What checkpoints cost more for what is dead, by technique, the most first. */
  readonly savings?: readonly Saving[];
}

/** What a restart audit found, as plain data. */
export interface AuditDocument {
  readonly restarts: number;
  readonly survived: number;
  /** What changes the result or prevents restarts, the weightiest first; then what is dead, the largest first. */
  readonly findings: readonly FindingDocument[];
  /** What is true and of no consequence. */
  readonly harmless: readonly FindingDocument[];
  readonly regions: readonly RegionNote[];
  /** For maps of memory. */
  readonly layers: AuditLayers;
  readonly versions: readonly AuditedVersion[];
}

/** Where what restarts read and never read lies. */
export interface AuditLayers {
  readonly regions: readonly RegionLayer[];
  /** Variables that are missed, as addresses of the program as it is run: those of which they are known. */
  readonly stale: readonly ByteRange[];
}

const MOST_RANGES = 100;

/**
 * @param savings of the dead findings, in their order
 * @param stale what is missed, as addresses of the program as it is run
 */
export function auditDocument(
  { unprotected, dead, harmless, regions, layers, versions }: Audit,
  savings: readonly (readonly Saving[])[],
  program: Program,
  stale: readonly ByteRange[],
): AuditDocument {
  const findings: readonly Finding[] = [...unprotected, ...dead];
  const fixes = fixesFor(findings, program);
  const savingsOf = new Map<Finding, readonly Saving[]>(dead.map((finding, i) => [finding, savings[i] ?? []]));
  return {
    restarts: versions.length,
    survived: versions.filter(({ difference }) => difference === undefined).length,
    findings: findings.map((finding, i) => plain(finding, fixes[i], savingsOf.get(finding))),
    harmless: harmless.map((finding) => plain(finding, undefined, undefined)),
    regions,
    layers: { regions: layers, stale },
    versions,
  };
}

function plain(finding: Finding, fix: Fix | undefined, savings: readonly Saving[] | undefined): FindingDocument {
  const { kind, symbol, subject, address, bytes, firstRestartVersion } = finding;
  return {
    ...{ kind, symbol, subject: subject.kind },
    ...given("type", subject.type),
    ...given("function", subject.function),
    ...(kind === "unprotected" ? unprotectedPart(finding) : deadPart(finding)),
    ...{ address, bytes, firstRestartVersion },
    ...given("declaredAt", subject.declaredAt),
    ...given("allocatedAt", subject.allocatedAt),
    ...given("writtenAt", finding.writtenAt),
    ...given("fix", fix),
    ...given("savings", savings),
  };
}

function unprotectedPart({ effect, how, region, readAt, restarts }: UnprotectedFinding): Partial<FindingDocument> {
  return { effect, how, restarts, ...given("region", region), ...given("readAt", readAt) };
}

function deadPart({ region, group, regionBytes, ranges }: DeadFinding): Partial<FindingDocument> {
  return { region, group, regionBytes, ranges: ranges.slice(0, MOST_RANGES), rangeCount: ranges.length };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
