import { FrameField, flagOffset, frameSize, slotOffset } from "../program/instrument/frames.ts";
import type { InstrumentedModule } from "../program/instrument/types.ts";

/** A function that runs and can get to the checkpoint interface, while an import that it has called is answered. */
export interface GuestFrame {
  /** Tells frames apart that are there at the same time: greater for those further in. */
  readonly position: number;
  /** In the original module. */
  readonly functionIndex: number;
  /** Bits of each parameter and local variable; undefined of references and vectors, which are not kept. */
  readonly locals: readonly (bigint | undefined)[];
  /** Gives a variable another value when the call returns. Not for what is not kept. */
  setLocal(local: number, bits: bigint): void;
  /** Whether gets and sets of a variable are told. */
  watchLocal(local: number, isWatched: boolean): void;
}

/** The frames in the tables, the outermost first. */
export function readFrames({ layout, frameLocals }: InstrumentedModule, tables: ArrayBufferLike): GuestFrame[] {
  const view = new DataView(tables);
  const top = view.getInt32(layout.frameTop, true);
  const frames: GuestFrame[] = [];
  for (let at = 0; at < top; ) {
    const frame = frameAt(view, layout.frames, at, frameLocals);
    frames.push(frame.frame);
    at += frame.sizeBytes;
  }
  return frames;
}

/** The frame whose distance from the first is `at`. */
export function readFrame(
  { layout, frameLocals }: InstrumentedModule,
  tables: ArrayBufferLike,
  at: number,
): GuestFrame {
  return frameAt(new DataView(tables), layout.frames, at, frameLocals).frame;
}

/** What was changed has been read: the other slots are not what their variables are now. */
export function forgetChanges({ layout }: InstrumentedModule, tables: ArrayBufferLike, at: number): void {
  new DataView(tables).setInt32(layout.frames + at + FrameField.isChanged, 0, true);
}

function frameAt(
  view: DataView,
  frames: number,
  position: number,
  frameLocals: InstrumentedModule["frameLocals"],
): { readonly frame: GuestFrame; readonly sizeBytes: number } {
  const start = frames + position;
  const functionIndex = view.getInt32(start + FrameField.functionIndex, true);
  const count = view.getInt32(start + FrameField.localCount, true);
  const types = frameLocals.get(functionIndex) ?? [];
  const frame: GuestFrame = {
    position,
    functionIndex,
    get locals() {
      return types.map((type, local) => {
        const slot = start + slotOffset(local);
        if (type === "i32" || type === "f32") return BigInt(view.getUint32(slot, true));
        return type === "i64" || type === "f64" ? view.getBigUint64(slot, true) : undefined;
      });
    },
    setLocal(local, bits) {
      const slot = start + slotOffset(local);
      if (types[local] === "i32" || types[local] === "f32") view.setUint32(slot, Number(bits & 0xffffffffn), true);
      else view.setBigUint64(slot, bits, true);
      view.setInt32(start + FrameField.isChanged, 1, true);
    },
    watchLocal(local, isWatched) {
      view.setUint8(start + flagOffset(count, local), isWatched ? 1 : 0);
    },
  };
  return { frame, sizeBytes: frameSize(count) };
}
