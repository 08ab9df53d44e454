import type { CheckpointImage } from "../checkpoint/images.ts";
import type { PriceProfile } from "../machine/prices.ts";
import type { Diagnostic } from "../program/program.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import type { SavedRun } from "../run/run-file.ts";
import type { RestartsReply, SourceFile } from "./figures.ts";
import type { CompileParams, RestartsParams, RestartsProgress, RunParams, RunProgress } from "./methods.ts";
import type { Request } from "./request.ts";

/** What a live run brings back. */
export interface FinishedRun {
  readonly saved: SavedRun;
  readonly sources: readonly SourceFile[];
  readonly diagnostics: readonly Diagnostic[];
  /** The same for the same program: for its module, its sources and the compiler's messages. Undefined for a run from a file. */
  readonly programKey: string | undefined;
}

/** What a session needs of the world outside: files, and a process in which guests run. */
export interface SessionHost {
  /** Milliseconds since 1970, by the clock of this machine. */
  now(): number;
  /** Does something so many milliseconds later. @returns what calls it off */
  after(milliseconds: number, action: () => void): () => void;
  /**
   * Compiles and runs a program where it can be stopped at any time.
   * @param images those that the program finds
   * @param before what came of it with the same input: that is what comes of it again where the program is still the same
   * @throws BadInputError, CompileError; CancelledError when the request was cancelled
   */
  runProgram(
    params: RunParams,
    images: readonly CheckpointImage[],
    request: Request<RunProgress>,
    before?: FinishedRun,
  ): Promise<FinishedRun>;
  /**
   * Restarts a program from each of its checkpoints, where that can be stopped at any time.
   * @throws BadInputError, CompileError; CancelledError when the request was cancelled
   */
  restartProgram(
    params: RestartsParams,
    profile: PriceProfile,
    request: Request<RestartsProgress>,
  ): Promise<RestartsReply>;
  /** Compiles a program where `runProgram` will find it compiled, and has it made ready to run. @throws BadInputError, CompileError */
  compileProgram(params: CompileParams, request: Request<never>): Promise<void>;
  /** Loads the compiler of a program's language ahead of a change that will have to be compiled. */
  loadCompiler(params: CompileParams, request: Request<never>): Promise<void>;
  /** @throws BadInputError */
  readRunFile(path: string): SavedRun;
  writeRunFile(path: string, run: SavedRun): void;
  /** The source files of an opened run, looked for below a folder. */
  sourceFiles(run: SavedRun, workingDirectory: string | undefined): readonly SourceFile[];
  /** A built-in profile by its name, or one from a file. @throws BadInputError */
  loadProfile(nameOrFile: string): PriceProfile;
  writeProfile(path: string, profile: PriceProfile): void;
  /** Takes a recording through machines; stops early when the request is cancelled. */
  replayAll(
    recording: Recording,
    machines: readonly MachineOptions[],
    request: Pick<Request<never>, "isCancelled" | "onCancel">,
    onDone: (number: number, outcome: Outcome) => void,
  ): Promise<void>;
}
