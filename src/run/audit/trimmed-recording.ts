import { type ApiCall, EVENT, type Recording } from "../recording.ts";
import { type ByteRange, gapsOf } from "./byte-ranges.ts";

/** A region, and runs of it (offsets from its start) that shall not be protected. */
export interface Trim {
  readonly id: number;
  readonly group: string;
  readonly bytes: readonly ByteRange[];
}

/** Ids of the pieces of trimmed regions: below all that programs use. */
const FIRST_PIECE = -(2 ** 30);

/**
 * The same run with less protected: parts of regions, or whole ones, as if the program had never named them. What it writes
 * stays as it was, so a replay tells what a technique costs without them.
 */
export function trimmedRecording(recording: Recording, trims: readonly Trim[]): Recording {
  /** What stands for a trimmed region now. */
  const pieces = new Map<
    string,
    readonly { readonly id: number; readonly address: number; readonly bytes: number }[]
  >();
  let nextId = FIRST_PIECE;
  const trimOf = (id: number, group: string) => trims.find((trim) => trim.id === id && trim.group === group);
  const piecesOf = (id: number, group: string) => pieces.get(`${id} ${group}`) ?? [];
  /** By the index of each call: the calls in its place. */
  const instead = recording.calls.map((call): readonly ApiCall[] => {
    switch (call.kind) {
      case "protect": {
        const { id, group, address, bytes } = call.spec;
        const trim = trimOf(id, group);
        if (trim === undefined) return [call];
        const gone = piecesOf(id, group).map((piece): ApiCall => ({ kind: "unprotect", id: piece.id, group }));
        const left = gapsOf(trim.bytes, 0, bytes).map(({ start, end }) => ({
          id: nextId++,
          address: address + start,
          bytes: end - start,
        }));
        pieces.set(`${id} ${group}`, left);
        return [...gone, ...left.map((piece): ApiCall => ({ kind: "protect", spec: { ...call.spec, ...piece } }))];
      }
      case "unprotect":
        if (trimOf(call.id, call.group) === undefined) return [call];
        return piecesOf(call.id, call.group).map((piece) => ({ ...call, id: piece.id }));
      case "reload":
        if (trimOf(call.id, call.group) === undefined) return [call];
        return piecesOf(call.id, call.group).map((piece) => ({ ...call, id: piece.id, bytes: piece.bytes }));
      case "save": {
        const regions = call.regions.flatMap((region) =>
          trimOf(region.id, region.group) === undefined
            ? [region]
            : piecesOf(region.id, region.group).map(({ id }) => ({ id, group: region.group })),
        );
        return [{ ...call, regions }];
      }
      default:
        return [call];
    }
  });
  return { ...recording, ...withCalls(recording, instead), labels: [] };
}

/** The events and calls of a recording with other calls in the place of its own. */
function withCalls(
  recording: Recording,
  instead: readonly (readonly ApiCall[])[],
): Pick<Recording, "calls" | "kind" | "argument" | "site" | "cycle" | "bytes"> {
  const length = recording.kind.length + instead.reduce((sum, calls) => sum + calls.length - 1, 0);
  const columns = {
    kind: new Uint8Array(length),
    argument: new Uint32Array(length),
    site: new Int32Array(length),
    cycle: new Float64Array(length),
    bytes: new Uint16Array(length),
  };
  const calls: ApiCall[] = [];
  let at = 0;
  const push = (event: number, argument: number) => {
    columns.kind[at] = recording.kind[event];
    columns.argument[at] = argument;
    columns.site[at] = recording.site[event];
    columns.cycle[at] = recording.cycle[event];
    columns.bytes[at++] = recording.bytes[event];
  };
  for (let event = 0; event < recording.kind.length; event++) {
    const argument = recording.argument[event];
    if (recording.kind[event] !== EVENT.call) push(event, argument);
    else for (const call of instead[argument]) push(event, calls.push(call) - 1);
  }
  return { ...columns, calls };
}
