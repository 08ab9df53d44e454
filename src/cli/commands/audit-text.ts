import type { AuditDocument, FindingDocument } from "../../run/audit/document.ts";
import type { Place } from "../../run/audit/findings.ts";
import type { RegionNote } from "../../run/audit/region-notes.ts";
import { integer } from "../../run/units.ts";
import { wrapped } from "../output.ts";

/** How something comes to be read that is not what it was. */
const READ: Readonly<Record<NonNullable<FindingDocument["how"]>, string>> = {
  stale: "read as the new process had it",
  reset: "read with the value that the new process gave it",
  overwritten: "restored, set to something else, and read",
  refused: "not restored",
};

/** What an audit found, for a person: what must be done first, what may be left last. */
export function auditText(path: string, document: AuditDocument): string {
  const { restarts, findings, harmless, regions } = document;
  if (restarts === 0) {
    return `${path} takes no checkpoint: there is nothing to restart from. A program takes one with VELOC_Checkpoint.\n`;
  }
  const unprotected = findings.filter(({ kind }) => kind === "unprotected");
  const dead = findings.filter(({ kind }) => kind === "dead");
  const parts = [
    verdict(path, document),
    section("Missed after a restart", unprotected.map(unprotectedText)),
    section("Protected for nothing", dead.map(deadText)),
    section("Regions", regions.map(regionText)),
    section("True, and harmless", harmless.map(harmlessText)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function verdict(path: string, { restarts, survived, findings, versions }: AuditDocument): string {
  const missed = findings.filter(({ kind }) => kind === "unprotected").length;
  const lost = versions.filter(({ restoredVersion }) => restoredVersion === null).length;
  const lines: string[] = [];
  if (survived === restarts) {
    const each = restarts === 1 ? "its only checkpoint" : `each of its ${restarts} checkpoints`;
    lines.push(
      missed === 0
        ? `${path} has all that it lives on after a restart: from ${each} it ends like the run that nothing stopped.`
        : `${path} ends like the run that nothing stopped from ${each}, but not by what it saved.`,
    );
  } else {
    lines.push(
      `${path} does not survive: ${restarts - survived} of ${restarts} restarts end otherwise than the run that nothing stopped.`,
    );
    const first = versions.find(({ difference }) => difference !== undefined);
    if (first !== undefined) lines.push(`From version ${first.version}, ${first.difference}.`);
  }
  if (lost > 0) lines.push(`${lost} of the restarts restored nothing and began from the start.`);
  return lines.map((line) => wrapped(line)).join("\n");
}

function section(title: string, entries: readonly string[]): string {
  return entries.length === 0 ? "" : `${title}\n${entries.join("\n")}`;
}

function entry(head: string, lines: readonly string[]): string {
  return [`  ${head}`, ...lines.map((line) => `    ${wrapped(line, 106, "      ")}`)].join("\n");
}

function unprotectedText(finding: FindingDocument): string {
  const { effect, how, readAt, writtenAt, firstRestartVersion, restarts = 1, fix, region, subject } = finding;
  const when = `${restarts === 1 ? "a restart" : `${restarts} restarts`}, first from version ${firstRestartVersion}`;
  const lines: string[] = [];
  if (subject === "code")
    lines.push(`after the restore${at(readAt)} the program does something that changes its result, in ${when}`);
  else if (how === "refused")
    lines.push(`the restart fails${at(readAt)}: region ${region} is not protected then, or smaller`);
  else if (subject === "input") lines.push(`used${at(readAt)} in ${when}`);
  else {
    lines.push(`${READ[how ?? "stale"]}${at(readAt)} in ${when}`);
    if (region !== undefined && how !== "overwritten") lines.push(`region ${region} holds a part of it only`);
  }
  if (writtenAt !== undefined) lines.push(`last written${at(writtenAt)} before that checkpoint`);
  if (effect === "unproved" && subject !== "code")
    lines.push("not proved: with all of these given back, restarts still end otherwise");
  if (fix !== undefined && fix.call !== "") lines.push(`${lowerFirst(fix.title)}: ${fix.call};`);
  if (fix?.caution !== undefined) lines.push(lowerFirst(fix.caution));
  return entry(headOf(finding), lines);
}

function deadText(finding: FindingDocument): string {
  const { region, regionBytes = 0, bytes, rangeCount = 1, writtenAt, fix, savings = [] } = finding;
  const which =
    bytes === regionBytes
      ? `region ${region} as a whole`
      : `${integer(bytes)} of the ${integer(regionBytes)} bytes of region ${region}${rangeCount > 1 ? `, in ${integer(rangeCount)} pieces` : ""}`;
  const lines = [
    `${which}: always overwritten before it is read after a restart${writtenAt === undefined ? "" : `, first${at(writtenAt)}`}`,
  ];
  const [most, ...others] = savings.filter(({ share }) => share >= 0.0005);
  if (most !== undefined) {
    const least = others.at(-1);
    lines.push(
      `without it checkpoints cost ${percent(most.share)} less with ${most.technique}${least === undefined ? "" : `, ${percent(least.share)} less with ${least.technique}`}`,
    );
  }
  if (fix !== undefined) lines.push(`to leave it out: take away ${fix.call}`);
  return entry(headOf(finding), lines);
}

function regionText(note: RegionNote): string {
  return note.kind === "unchanging"
    ? entry(`region ${note.region}, ${integer(note.regionBytes)} bytes`, [
        `holds the same in all ${note.images} checkpoints: techniques that track writes save it once, the others each time`,
      ])
    : entry(`regions ${note.other} and ${note.region}`, [
        `${integer(note.bytes)} bytes lie in both, and are saved twice`,
      ]);
}

function harmlessText(finding: FindingDocument): string {
  const { kind, readAt, bytes, region } = finding;
  if (kind === "dead")
    return `  ${headOf(finding)}: ${integer(bytes)} bytes of region ${region} are never read after a restart`;
  return `  ${headOf(finding)}: read${at(readAt)} after a restart, to no effect`;
}

function headOf({ symbol, subject, type, bytes, declaredAt, allocatedAt, function: scope }: FindingDocument): string {
  const size = bytes === 0 ? "" : `, ${integer(bytes)} bytes`;
  switch (subject) {
    case "heap":
      return `${symbol}: heap${size}${allocatedAt === undefined ? "" : `, allocated${at(allocatedAt)}`}`;
    case "code":
      return symbol;
    case "input":
      return `${symbol}: ${type}`;
    case "library":
      return `${symbol}: state of the library${size}`;
    default: {
      const what = type === undefined ? "" : `: ${type}`;
      const where = declaredAt === undefined ? "" : `, declared${at(declaredAt)}`;
      return `${symbol}${what}${scope === undefined ? "" : ` in ${scope}`}${size}${where}`;
    }
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function at(place: Place | undefined): string {
  return place === undefined ? "" : ` at ${place.file}:${place.line}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
