import { bytesOf, type CheckpointImage, ImageStore, newestImages } from "../checkpoint/images.ts";
import { BadInputError } from "../program/program.ts";
import type { Ending, LiveRun, Warning } from "./live.ts";
import type { MachineOptions } from "./machine.ts";
import { PackError, pack, unpack } from "./pack.ts";
import { type ApiCall, type EpochPages, EVENT, type Recording, type WriteColumns } from "./recording.ts";
import { bytes } from "./units.ts";

/** First bytes of a run file (before compression), with the version of its format. */
const MAGIC = "CKLENS04";

/** A run as it is kept: what happened, and every committed image. */
export interface SavedRun {
  readonly program: { readonly path: string; readonly language: string; readonly args: readonly string[] };
  readonly options: MachineOptions;
  readonly ending: Ending;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly warnings: readonly Warning[];
  readonly recording: Recording;
  readonly images: readonly CheckpointImage[];
  /** Absent from files of earlier days. */
  readonly sources?: readonly SourceHash[];
}

/** A source file of the program as it was when the program was compiled. */
export interface SourceHash {
  /** Its name in the recording's lines. */
  readonly file: string;
  /** SHA-256 of its text in UTF-8, without a byte order mark, in hexadecimal. */
  readonly sha256: string;
}

export function savedRunOf(program: SavedRun["program"], run: LiveRun, sources: readonly SourceHash[]): SavedRun {
  const { machine, ending, stdout, stderr, warnings, recording, images } = run;
  const { options } = machine;
  return { program, options, ending, stdout, stderr, warnings, recording, images: images.all, sources };
}

/** The run with those of its newest images that hold so many bytes, and a warning where older ones had to become one. */
export function withNewestImages(run: SavedRun, mostBytes: number): SavedRun {
  const images = newestImages(run.images, mostBytes);
  const merged = run.images.length - images.length + 1;
  if (merged < 2) return run;
  const size = run.images.reduce((sum, image) => sum + bytesOf(image), 0);
  const message =
    `the images of the first ${merged} checkpoints are kept as one, as version ${images[0].version} left them: ` +
    `all ${run.images.length} hold ${bytes(size)}, and no more than ${bytes(mostBytes)} are kept one by one`;
  return { ...run, images, warnings: [...run.warnings, { message, file: "", line: 0 }] };
}

/**
 * The bytes of a run file, not yet compressed.
 * @param name the file's name, for errors
 * @throws BadInputError when the run's images are more than a file can hold
 */
export function encodeRun(run: SavedRun, name: string): Uint8Array {
  try {
    return pack(MAGIC, run);
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    throw new BadInputError(
      `${name} is not written: ${error.message}; take fewer checkpoints, or choose a technique that copies less`,
    );
  }
}

/**
 * @param name the file's name, for errors
 * @throws BadInputError when the bytes are no run file, are damaged, or contradict themselves
 */
export function decodeRun(bytes: Uint8Array, name: string): SavedRun {
  try {
    const run = unpack(MAGIC, bytes) as SavedRun;
    checkRun(run);
    return run;
  } catch (error) {
    if (error instanceof PackError) {
      throw new BadInputError(`${name} is not a run file of this version, or it is damaged: ${error.message}`);
    }
    throw error;
  }
}

/** The images that a restarting program finds: all up to and with a version, or all. */
export function imagesUpTo(run: SavedRun, version: number | undefined, name: string): ImageStore {
  if (run.images.length === 0) throw new BadInputError(`${name} holds no committed checkpoint to restart from`);
  if (version === undefined) return new ImageStore(run.images);
  const last = run.images.findLastIndex((image) => image.version === version);
  if (last < 0) {
    const versions = [...new Set(run.images.map((image) => image.version))].join(", ");
    throw new BadInputError(`${name} holds no version ${version}; it has ${versions}`);
  }
  return new ImageStore(run.images.slice(0, last + 1));
}

/** Counts of writes: to pages and by sites that there are, and none of them larger than a page. */
function checkWrites(
  { page, site, count, bytes }: WriteColumns,
  { endPages, sites }: Recording,
  fail: (what: string) => never,
): void {
  if (
    !(page instanceof Uint32Array) ||
    !(site instanceof Int32Array) ||
    !(count instanceof Uint32Array) ||
    !(bytes instanceof Float64Array)
  ) {
    fail("a column of its writes has the wrong type");
  }
  if (site.length !== page.length || count.length !== page.length || bytes.length !== page.length)
    fail("the columns of its writes differ in length");
  for (let i = 0; i < page.length; i++) {
    if (page[i] >= endPages) fail(`entry ${i} of its writes names page ${page[i]} of ${endPages}`);
    if (site[i] < -1 || site[i] >= sites.length)
      fail(`entry ${i} of its writes names site ${site[i]} of ${sites.length}`);
    if (!(count[i] > 0 && bytes[i] >= count[i] && bytes[i] <= count[i] * 4096 && Number.isInteger(bytes[i])))
      fail(`entry ${i} of its writes has ${bytes[i]} bytes in ${count[i]} writes`);
  }
}

function checkWritten(
  written: EpochPages["written"],
  what: string,
  endPages: number,
  fail: (what: string) => never,
): void {
  if (!(written?.address instanceof Uint32Array) || !(written.bytes instanceof Uint32Array)) {
    fail(`a column of what ${what} wrote has the wrong type`);
    return;
  }
  const { address, bytes } = written;
  if (address.length !== bytes.length) fail(`the columns of what ${what} wrote differ in length`);
  for (let i = 0, end = -1; i < address.length; i++) {
    if (address[i] <= end || bytes[i] === 0 || address[i] + bytes[i] > endPages * 4096)
      fail(`run ${i} of what ${what} wrote is not where it can be`);
    end = address[i] + bytes[i];
  }
}

/** What later code relies on, so that a forged file cannot make it read or write out of bounds. */
function checkRun(run: SavedRun): void {
  const { recording, images } = run;
  const fail = (what: string): never => {
    throw new PackError(what);
  };
  if (typeof recording !== "object" || recording === null || !Array.isArray(images))
    fail("its body lacks the recording or the images");
  const { kind, argument, site, cycle, bytes, writes, calls, sites, epochs, endPages, startPages } = recording;
  if (
    !(kind instanceof Uint8Array) ||
    !(argument instanceof Uint32Array) ||
    !(site instanceof Int32Array) ||
    !(cycle instanceof Float64Array) ||
    !(bytes instanceof Uint16Array)
  ) {
    fail("an event column has the wrong type");
  }
  for (const column of [argument, site, cycle, bytes])
    if (column.length !== kind.length) fail("its event columns differ in length");
  if (
    !Number.isInteger(endPages) ||
    !Number.isInteger(startPages) ||
    startPages < 0 ||
    endPages < startPages ||
    endPages > 1 << 20
  ) {
    fail("its page counts cannot be");
  }
  for (const source of Array.isArray(run.sources) ? run.sources : [])
    if (typeof source?.file !== "string" || typeof source.sha256 !== "string")
      fail("a source file has no name or hash");
  if (!Array.isArray(calls) || !Array.isArray(sites) || !Array.isArray(epochs)) fail("its body lacks a table");
  if (writes !== undefined) checkWrites(writes, recording, fail);
  for (let i = 0, told = 0; i < kind.length; i++) {
    if (kind[i] === EVENT.writes) {
      if (writes === undefined || argument[i] < told || argument[i] > writes.page.length)
        fail(`event ${i} tells writes up to ${argument[i]} of ${writes?.page.length ?? 0}, after ${told}`);
      told = argument[i];
    }
    if (bytes[i] > 4096) fail(`event ${i} stores ${bytes[i]} bytes to a page`);
    if (site[i] >= sites.length || site[i] < -1) fail(`event ${i} names site ${site[i]} of ${sites.length}`);
    if (kind[i] === EVENT.store && argument[i] >= endPages)
      fail(`event ${i} stores to page ${argument[i]} of ${endPages}`);
    if (kind[i] === EVENT.call && argument[i] >= calls.length)
      fail(`event ${i} names call ${argument[i]} of ${calls.length}`);
    if (kind[i] === EVENT.grow && argument[i] > endPages)
      fail(`event ${i} grows to page ${argument[i]} of ${endPages}`);
  }
  for (const [i, epoch] of epochs.entries()) {
    if (typeof epoch !== "object" || epoch === null) fail(`epoch ${i} has no columns`);
    const { pages, low, high, stores, changed } = epoch;
    for (const column of [pages, low, high, stores, changed])
      if (!(column instanceof Uint32Array)) fail(`a column of epoch ${i} has the wrong type`);
    if (low.length !== pages.length || high.length !== pages.length || stores.length !== pages.length)
      fail(`the columns of epoch ${i} differ in length`);
    for (const page of pages) if (page >= endPages) fail(`epoch ${i} names page ${page} of ${endPages}`);
    for (const [k, page] of changed.entries()) {
      if (page >= endPages) fail(`epoch ${i} names page ${page} of ${endPages}`);
      if (k > 0 && page <= changed[k - 1]) fail(`the changed pages of epoch ${i} do not ascend`);
    }
    if (writes !== undefined) checkWritten(epoch.written, `epoch ${i}`, endPages, fail);
  }
  let saves = 0;
  for (let i = 0; i < kind.length; i++) {
    const call = kind[i] === EVENT.call ? (calls as ApiCall[])[argument[i]] : undefined;
    if (call?.kind === "save" && call.epoch !== saves++) fail(`event ${i}, save ${saves}, names epoch ${call.epoch}`);
  }
  if (epochs.length !== saves + 1) fail(`it has ${epochs.length} epochs for ${saves} saves`);
  for (const call of calls as ApiCall[]) {
    if (
      call.kind === "protect" &&
      !(call.spec.address >= 0 && call.spec.bytes >= 0 && call.spec.address + call.spec.bytes <= endPages * 4096)
    ) {
      fail(`region ${call.spec.id} leaves the program's memory`);
    }
  }
  for (const image of images) {
    for (const region of image.regions) {
      const what = `region ${region.id} in version ${image.version}`;
      const { offsets, lengths, bytes, sizeBytes } = region;
      if (!(offsets instanceof Uint32Array && lengths instanceof Uint32Array && bytes instanceof Uint8Array))
        fail(`a column of ${what} has the wrong type`);
      if (offsets.length !== lengths.length) fail(`the columns of ${what} differ in length`);
      let end = 0;
      let total = 0;
      for (let i = 0; i < offsets.length; i++) {
        if (offsets[i] < end || offsets[i] + lengths[i] > sizeBytes) fail(`run ${i} of ${what} leaves its place`);
        end = offsets[i] + lengths[i];
        total += lengths[i];
      }
      if (total !== bytes.length) fail(`the runs of ${what} have ${total} bytes, and there are ${bytes.length}`);
    }
  }
}
