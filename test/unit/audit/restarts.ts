import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import type { ModelImage } from "../acceptance/model-veloc.ts";
import { createHost, linked, runEntry } from "../acceptance/plain-run.ts";

/** What a program sees beside its images. */
export interface World {
  readonly stdin?: Uint8Array;
  /** A new tree each time: the run changes it. */
  files(): FileTree;
}

/** A checkpoint, and what a crash right after it leaves. */
export interface Commit {
  readonly image: ModelImage;
  /** How much of standard output had left the process by then. */
  readonly outputBytes: number;
  readonly files: FileTree;
}

export interface Run {
  readonly how: string;
  readonly stdout: Buffer;
  /** How much of it came before the restore. */
  readonly outputBytesAtRestore: number;
  /** Whether a restart call was answered with success. */
  readonly restored: boolean;
  /** Those that this run took. */
  readonly commits: readonly Commit[];
}

/** `/data`, empty. */
export function emptyFolder(): FileTree {
  const files = new FileTree();
  files.addPreopen("/data");
  return files;
}

/**
 * Runs a module as its compiler made it against the plain model of the checkpoint interface. Nothing of the simulated
 * machine, the software MMU or the product's checkpoint library takes part.
 */
export function runModel(wasm: Uint8Array, world: World, images: readonly ModelImage[] = []): Run {
  const files = world.files();
  const commits: Commit[] = [];
  let restored = false;
  let outputBytesAtRestore = 0;
  const host = createHost(
    { name: "program", wasm, images, files: () => files, ...(world.stdin === undefined ? {} : { stdin: world.stdin }) },
    (call) => {
      const { veloc } = host;
      if ((call === "restart" || call === "restart_end") && veloc.answers.at(-1) === `${call} 0`) {
        restored = true;
        outputBytesAtRestore = host.output().stdout.length;
      }
      for (const image of veloc.images.slice(images.length + commits.length)) {
        commits.push({ image, outputBytes: host.output().stdout.length, files: files.clone() });
      }
    },
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), linked(wasm, host.imports));
  const memory = instance.exports.memory as WebAssembly.Memory;
  host.bind({
    get buffer() {
      return memory.buffer;
    },
    baseOffset: 0,
    get sizeBytes() {
      return memory.buffer.byteLength;
    },
    beforeWrite: () => {},
    get bytes() {
      return new Uint8Array(memory.buffer);
    },
    write: (address, bytes) => new Uint8Array(memory.buffer).set(bytes, address),
  });
  const how = runEntry(instance.exports);
  return { how, stdout: Buffer.from(host.output().stdout), outputBytesAtRestore, restored, commits };
}

/** A crash right after a checkpoint, and the run that goes on from it: a new process, with the files as they were then. */
export function restartFrom(wasm: Uint8Array, reference: Run, index: number, stdin?: Uint8Array): Run {
  const images = reference.commits.slice(0, index + 1).map(({ image }) => image);
  const { files } = reference.commits[index];
  return runModel(wasm, { files: () => files.clone(), ...(stdin === undefined ? {} : { stdin }) }, images);
}

/** Whether a restarted run ends as the reference does, and prints from the restore on what that printed from there on. */
export function endsTheSame(reference: Run, index: number, restarted: Run): boolean {
  const expected = reference.stdout.subarray(restarted.restored ? reference.commits[index].outputBytes : 0);
  return restarted.how === reference.how && restarted.stdout.subarray(restarted.outputBytesAtRestore).equals(expected);
}
