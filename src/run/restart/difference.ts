import type { CheckpointImage, ImageStore } from "../../checkpoint/images.ts";
import { firstDifference } from "../../machine/bytes.ts";
import type { Ending } from "../live.ts";
import { fileDifferences } from "./file-difference.ts";
import type { Reference } from "./reference.ts";
import type { Restart } from "./restart.ts";

type Ended = Omit<Restart, "difference"> & Pick<Reference, "files">;

/**
 * How a restarted program's end differs from the reference's, in one sentence with a place in it; undefined when it does not.
 * Compared are what it did after its restore: how it ended, what it wrote out, the bytes of every image it took, what it
 * protected at its end, and the files it left.
 */
export function differenceOf(reference: Reference, ended: Ended): string | undefined {
  return (
    endingDifference(reference.run.ending, ended.run.ending) ??
    outputDifference(reference, ended, "stdout") ??
    outputDifference(reference, ended, "stderr") ??
    imageDifference(reference, ended) ??
    regionDifference(reference, ended) ??
    fileDifferences(reference.files, ended.files).next().value?.text
  );
}

/**
 * How two runs from the start differ in what a user sees of them: their ends, output, protected bytes and files. Output counts
 * to the last byte: neither run has a restart to speak of.
 */
export function outputDependence(reference: Reference, other: Reference): string | undefined {
  const { run, regions, files } = other;
  for (const stream of ["stdout", "stderr"] as const) {
    const at = firstDifference(reference.run[stream], run[stream]);
    if (at !== undefined) return `${streamName(stream)} differs from its byte ${at} on`;
  }
  return differenceOf(reference, { commit: -1, run, restored: undefined, refusals: [], regions, files });
}

function endingDifference(expected: Ending, actual: Ending): string | undefined {
  const [before, after] = [describe(expected), describe(actual)];
  return before === after ? undefined : `the restarted program ${after}, and the reference ${before}`;
}

function describe(ending: Ending): string {
  switch (ending.kind) {
    case "exit":
      return `exited with code ${ending.code}`;
    case "trap":
      return `trapped (${ending.message})`;
    case "limit":
      return `was stopped (${ending.message})`;
  }
}

/**
 * The output after the restore must be the reference's after the checkpoint. Before it there may be lines that the reference
 * never wrote: what a program says of its restart.
 */
function outputDifference(
  reference: Reference,
  { run, restored }: Ended,
  stream: "stdout" | "stderr",
): string | undefined {
  const bytes = `${stream}Bytes` as const;
  const name = streamName(stream);
  const whole = textOf(reference.run[stream]);
  const expected = restored === undefined ? whole : whole.slice(reference.commits[restored.commit][bytes]);
  const actual = textOf(run[stream]).slice(restored?.[bytes] ?? 0);
  const extra = actual.length - expected.length;
  if (actual.endsWith(expected)) {
    if (extra === 0) return undefined;
    const said = actual.slice(0, extra).split("\n");
    const known = new Set(whole.split("\n"));
    const again = said.find((line) => line !== "" && known.has(line));
    if (again === undefined) return undefined;
    return `${restored === undefined ? "" : "after the restore "}${name} repeats ${quote(again)}, which the reference had written before`;
  }
  const [want, got] = [expected.split("\n"), actual.split("\n")];
  // The lines that a restart says of itself stand first, so that the ends are laid beside each other.
  let line = 0;
  while (line < want.length && line < got.length && want.at(-1 - line) === got.at(-1 - line)) line++;
  const [wanted, found] = [want.at(-1 - line), got.at(-1 - line)];
  if (wanted === undefined) return `after the restore ${name} has ${quote(found ?? "")} besides`;
  return `after the restore ${name} has ${found === undefined ? "nothing" : quote(found)} where the reference has ${quote(wanted)}`;
}

function streamName(stream: "stdout" | "stderr"): string {
  return stream === "stdout" ? "standard output" : "standard error";
}

/** One character for each byte, so that positions are those of bytes. */
function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

const QUOTED = 60;

function quote(line: string): string {
  const utf8 = new TextDecoder().decode(Uint8Array.from(line, (character) => character.charCodeAt(0)));
  return `"${utf8.length > QUOTED ? `${utf8.slice(0, QUOTED)}...` : utf8}"`;
}

/**
 * The images that it took after its restore are those that the reference took after the checkpoint. It may take one anew that the
 * reference took as well, if that holds the same.
 */
function imageDifference({ run: expected, commits }: Reference, { commit, run, restored }: Ended): string | undefined {
  const { all } = expected.images;
  const isOf = ({ name, version }: CheckpointImage, other: CheckpointImage) =>
    other.name === name && other.version === version;
  let next = (restored?.commit ?? -1) + 1;
  for (const taken of run.images.all.slice(commit + 1)) {
    const want = all[next];
    const difference = (other: CheckpointImage) => contentDifference(expected.images, other, run.images, taken);
    if (want !== undefined && isOf(want, taken)) {
      const found = difference(want);
      if (found !== undefined) return found;
      next++;
      continue;
    }
    const others = all.filter((other) => isOf(other, taken));
    if (others.some((other) => difference(other) === undefined)) continue;
    const what = `version ${taken.version} of ${taken.name}`;
    if (others.length > 0) return difference(others[others.length - 1]);
    return want === undefined
      ? `it took ${what}, and the reference had taken its last checkpoint`
      : `it took ${what} where the reference took version ${want.version} of ${want.name}`;
  }
  const missing = commits[next];
  if (missing === undefined) return undefined;
  return `it did not take version ${missing.version} of ${missing.name}, as the reference did`;
}

function contentDifference(
  expected: ImageStore,
  want: CheckpointImage,
  images: ImageStore,
  taken: CheckpointImage,
): string | undefined {
  const what = `version ${taken.version} of ${taken.name}`;
  for (const { id, group, label } of want.regions) {
    const found = images.restore(taken, id, group);
    const region = regionName(id, label);
    if (found === undefined) return `${what} does not hold ${region}`;
    const at = firstDifference(expected.restore(want, id, group) ?? new Uint8Array(), found);
    if (at !== undefined) return `in ${what} ${region} differs from its byte ${at} on`;
  }
  return undefined;
}

function regionDifference({ regions }: Reference, ended: Ended): string | undefined {
  for (const { id, group, label, contents } of regions) {
    const other = ended.regions.find((region) => region.id === id && region.group === group);
    const region = regionName(id, label);
    if (other === undefined) return `${region} is protected at the reference's end, and not at its own`;
    const at = firstDifference(contents, other.contents);
    if (at !== undefined) return `at the end ${region} differs from its byte ${at} on`;
  }
  return undefined;
}

function regionName(id: number, label: string): string {
  return label === "" ? `region ${id}` : `region ${id} (${label})`;
}
