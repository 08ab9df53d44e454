import type { CheckpointSummary } from "./replay.ts";

/** What checkpoints saved, as `CheckpointSummary` has it, in columns of equal length: an entry for each checkpoint. */
export interface CheckpointColumns {
  readonly name: readonly string[];
  readonly version: Float64Array;
  readonly epoch: Int32Array;
  readonly cycle: Float64Array;
  readonly pageCount: Float64Array;
  readonly copiedBytes: Float64Array;
  readonly dirtyBytes: Float64Array;
  /** What each has of regions, checkpoint after checkpoint. */
  readonly saved: SavedColumns;
}

/** What checkpoints have of regions, as `SavedSummary` has it. */
export interface SavedColumns {
  readonly region: Uint32Array;
  readonly pageCount: Float64Array;
  readonly copiedBytes: Float64Array;
  readonly dirtyBytes: Float64Array;
}

export function columnsOf(checkpoints: readonly CheckpointSummary[]): CheckpointColumns {
  const { length } = checkpoints;
  const columns = {
    name: checkpoints.map(({ name }) => name),
    version: new Float64Array(length),
    epoch: new Int32Array(length),
    cycle: new Float64Array(length),
    pageCount: new Float64Array(length),
    copiedBytes: new Float64Array(length),
    dirtyBytes: new Float64Array(length),
  };
  for (let i = 0; i < length; i++) {
    const { version, epoch, cycle, pageCount, copiedBytes, dirtyBytes } = checkpoints[i];
    columns.version[i] = version;
    columns.epoch[i] = epoch;
    columns.cycle[i] = cycle;
    columns.pageCount[i] = pageCount;
    columns.copiedBytes[i] = copiedBytes;
    columns.dirtyBytes[i] = dirtyBytes;
  }
  return { ...columns, saved: savedColumnsOf(checkpoints) };
}

function savedColumnsOf(checkpoints: readonly CheckpointSummary[]): SavedColumns {
  const length = checkpoints.reduce((sum, { saved }) => sum + saved.length, 0);
  const columns = {
    region: new Uint32Array(length),
    pageCount: new Float64Array(length),
    copiedBytes: new Float64Array(length),
    dirtyBytes: new Float64Array(length),
  };
  let i = 0;
  for (const { saved } of checkpoints) {
    for (const { region, pageCount, copiedBytes, dirtyBytes } of saved) {
      columns.region[i] = region;
      columns.pageCount[i] = pageCount;
      columns.copiedBytes[i] = copiedBytes;
      columns.dirtyBytes[i++] = dirtyBytes;
    }
  }
  return columns;
}
