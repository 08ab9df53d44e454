import type { SourceLanguage } from "../../program/edits/blank-text.ts";
import { isKnownAt } from "../../program/edits/known-at.ts";
import { callsWithId, freeIds } from "../../program/edits/protect-ids.ts";
import { insertedCall, protectPlace } from "../../program/edits/protect-places.ts";
import { removedCall } from "../../program/edits/removed-call.ts";
import { importedName } from "../../program/edits/veloc-names.ts";
import type { Program } from "../../program/program.ts";
import type { DeadFinding, Finding, UnprotectedFinding } from "./findings.ts";

/** A change of a text: what stands from `start` to `end` (offsets) gives way to `text`. */
export interface TextEdit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What to do about a finding. */
export interface Fix {
  /** In a few words, as a command: `Protect step under the number 3`. */
  readonly title: string;
  /** The call that is written or taken out; empty where there is only advice. */
  readonly call: string;
  readonly edits: readonly TextEdit[];
  /** What the change alone does not do, or why there is none. */
  readonly caution?: string;
}

/** What to do about each of these; undefined where nothing is known. Numbers of regions are given out in the order of the findings. */
export function fixesFor(findings: readonly Finding[], program: Program): (Fix | undefined)[] {
  const language = languageOf(program);
  if (language === undefined) return findings.map(() => undefined);
  const texts = [...program.sources.values()];
  const { ids, isCertain } = freeIds(texts, language, findings.length);
  let next = 0;
  const proposed = new Set<string>();
  return findings.map((finding) => {
    if (finding.kind === "dead") {
      const isMissed = findings.some(
        ({ kind, subject: { key } }) => kind === "unprotected" && key === finding.subject.key,
      );
      return isMissed ? undefined : removal(finding, program, language);
    }
    if (finding.how === "refused") return advice(`Region ${finding.region} must be protected before the restart.`);
    if (finding.how === "overwritten")
      return advice("What was restored must stay: a restarted program must not set it again.");
    const id = ids[next];
    const fix = extension(finding, program, language) ?? protection(finding, program, language, id);
    const isSame = fix !== undefined && fix.call !== "" && proposed.has(keyOf(finding));
    if (isSame) return undefined;
    proposed.add(keyOf(finding));
    if (fix !== undefined && fix.edits.length > 0) next++;
    if (fix === undefined || isCertain || fix.edits.length === 0) return fix;
    const unsure = `Whether ${id} is free cannot be told for sure, as the program computes numbers of regions.`;
    return { ...fix, caution: fix.caution === undefined ? unsure : `${fix.caution} ${unsure}` };
  });
}

function advice(caution: string): Fix {
  return { title: "", call: "", edits: [], caution };
}

/** A vector and its elements are protected by the same call. */
function keyOf({ subject: { protect, key } }: UnprotectedFinding): string {
  const proposed = protect?.(0);
  return proposed?.kind === "call" ? proposed.text : key;
}

/** A region that is too small is made as large as what it lies in. */
function extension(
  { subject, region, isCutShort }: UnprotectedFinding,
  { sources }: Program,
  language: SourceLanguage,
): Fix | undefined {
  if (region === undefined || isCutShort !== true) return undefined;
  const texts = [...sources.values()];
  const found = [...sources].flatMap(([file, text]) => {
    return callsWithId(texts, text, language, region).map((call) => ({ file, text, call }));
  });
  if (found.length !== 1) return undefined;
  const [{ file, text, call }] = found;
  const whole = subject.protect?.(region);
  const [name] = text.slice(call.offset).split("(");
  if (whole?.kind !== "call" || name.trim() !== whole.callee) return undefined;
  const end = call.end;
  return {
    title: `Protect all of ${subject.symbol} as region ${region}`,
    call: whole.text,
    edits: [{ file, start: call.offset, end, text: whole.text }],
    ...(whole.caution === undefined ? {} : { caution: whole.caution }),
  };
}

function languageOf({ language }: Program): SourceLanguage | undefined {
  if (language === "c" || language === "c++") return "c";
  return language === "assemblyscript" ? language : undefined;
}

function protection(
  { subject, symbol, bytes }: UnprotectedFinding,
  { sources }: Program,
  language: SourceLanguage,
  id: number,
): Fix | undefined {
  const { protect, declaredAt } = subject;
  const proposed = protect?.(id);
  if (proposed === undefined || declaredAt === undefined) return undefined;
  // A list's nodes, say, of which the call would protect the first.
  if (subject.kind === "heap" && proposed.kind === "call" && bytes > subject.sizeBytes)
    return advice(
      "These are several blocks, and each needs a region of its own: keep them in one array, and protect that.",
    );
  // Of a variable all of it is protected, whatever member is meant.
  const whole = subject.kind === "heap" ? subject.symbol.replace(/\[\]$/, "") : symbol.replace(/[.[].*$/, "");
  const title = `Protect ${whole} under the number ${id}`;
  if (proposed.kind === "advice") return { title: `Protect ${symbol}`, call: "", edits: [], caution: proposed.text };
  const text = sources.get(declaredAt.file);
  const { file, line } = declaredAt;
  const place = text === undefined ? undefined : protectPlace(text, language, line, line);
  const variable = { name: subject.symbol.replace(/(?:\.|->|\[).*$/, ""), line, scope: subject.function ?? "" };
  const elsewhere = "It must be written where the program protects its regions, before it restarts.";
  const caution = (more?: string) => [proposed.caution, more].filter((one) => one !== undefined).join(" ");
  const withCaution = (more?: string) => (caution(more) === "" ? {} : { caution: caution(more) });
  if (text === undefined || place === undefined || !isKnownAt(text, language, variable, place)) {
    return { title, call: proposed.text, edits: [], ...withCaution(elsewhere) };
  }
  const imported = language === "assemblyscript" ? importedName(text, proposed.callee) : undefined;
  const call = imported === undefined ? proposed.text : proposed.text.replace(proposed.callee, imported.name);
  const { offset } = place;
  const edit = { file, start: offset, end: offset, text: insertedCall(text, place, call) };
  const { edit: extra } = imported ?? {};
  const late = place.isAfterRestart ? "It must come before the restart, which has to know the region." : undefined;
  return {
    title,
    call,
    edits: [...(extra === undefined ? [] : [{ file, start: extra.offset, end: extra.offset, text: extra.text }]), edit],
    ...withCaution(late),
  };
}

/** A region that is dead as a whole need not be protected. */
function removal(
  { region, bytes, regionBytes, symbol }: DeadFinding,
  { sources }: Program,
  language: SourceLanguage,
): Fix | undefined {
  if (bytes < regionBytes) return undefined;
  const texts = [...sources.values()];
  for (const [file, text] of sources) {
    const [call, ...others] = callsWithId(texts, text, language, region);
    if (call === undefined || others.length > 0) continue;
    const range = removedCall(text, language, call);
    if (range === undefined) continue;
    return {
      title: `Protect ${symbol} no more`,
      call: text.slice(call.offset, call.end),
      edits: [{ file, ...range, text: "" }],
    };
  }
  return undefined;
}
