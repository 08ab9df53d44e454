/** Entry of the process that compiles and runs programs for a session, one at a time, until the session is gone. */
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { ImageStore } from "../checkpoint/images.ts";
import { techniqueOf } from "../checkpoint/techniques.ts";
import { loadCompiler } from "../program/toolchains/load-program.ts";
import { readyToRun } from "../run/live.ts";
import { DEFAULT_MACHINE } from "../run/machine.ts";
import { DEFAULT_DETECT_SECONDS } from "../run/restart/campaign.ts";
import { savedRunOf, withNewestImages } from "../run/run-file.ts";
import type { RestartsReply } from "../session/figures.ts";
import type { FinishedRun } from "../session/host.ts";
import type { RestartsProgress, RunParams, RunProgress } from "../session/methods.ts";
import { sessionErrorOf } from "../session/serve.ts";
import { auditProgram } from "./audit.ts";
import { parentPort } from "./child.ts";
import { crashProgram } from "./crash.ts";
import type { AheadJob, GuestAnswer, GuestJob, RestartsJob, RunJob } from "./guest-job.ts";
import { parseSharedDirectory } from "./host-files.ts";
import { compileProgram, openProgram } from "./program-store.ts";
import { liveRun, type ProgramInput } from "./session.ts";
import { locateSources, programKey, sourceHashes } from "./source-hashes.ts";

const DEFAULT_MAX_MEMORY_MIB = 1024;
/** Of images that a session keeps of a run. */
const MOST_IMAGE_BYTES = 1 << 30;
/** Between two words on how far a program is, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** A program that does not return leaves this thread no time to see that the session is gone; another thread looks. */
const WATCHDOG = `
  setInterval(() => {
    try { process.kill(${process.ppid}, 0); if (process.ppid === ${process.ppid}) return; } catch {}
    process.kill(process.pid, "SIGKILL");
  }, 500);`;

const port = parentPort();
if (port === undefined) throw new Error("a guest's process works for a session that starts it with a channel");
const post = (answer: GuestAnswer) => port.post(answer);
port.onClose(() => process.exit(0));
new Worker(WATCHDOG, { eval: true }).unref();
port.onMessage(async (data) => {
  try {
    const job = data as GuestJob;
    if (job.kind === "run") {
      post({ type: "result", finished: await runJob(job, (progress) => post({ type: "progress", progress })) });
    } else if (job.kind === "restarts") {
      post({ type: "restarts", reply: await restartsJob(job, (progress) => post({ type: "progress", progress })) });
    } else {
      await doAhead(job);
      post({ type: "done" });
    }
  } catch (error) {
    post({ type: "error", error: sessionErrorOf(error) });
  }
});

async function doAhead({ kind, params }: AheadJob): Promise<void> {
  const { paths, maxMemoryMiB = DEFAULT_MAX_MEMORY_MIB } = params;
  switch (kind) {
    case "load":
      return loadCompiler(paths[0]);
    case "compile":
      await compileProgram(paths, params);
      return;
    case "ready":
      return readyToRun((await openProgram(paths, { ...params, maxMemoryMiB })).instrumented);
  }
}

async function runJob(
  { params, images, unlessProgram }: RunJob,
  tell: (progress: RunProgress) => void,
): Promise<FinishedRun | undefined> {
  const input = programInputOf(params);
  const { workingDirectory } = params;
  const machine = { ...DEFAULT_MACHINE, ...params.machine };
  const tellsWrites = params.tellsWrites === true || techniqueOf(machine.technique).needsEveryWrite === true;
  const opened = await openProgram(params.paths, { ...input, tellsWrites });
  const key = programKey(opened.program);
  if (key === unlessProgram) return undefined;
  tell({ stage: "starting" });
  let checkpoints = 0;
  let told = performance.now();
  const {
    input: program,
    run,
    sources,
  } = await liveRun(
    {
      ...input,
      machine,
      images: new ImageStore(images),
      onCheckpoint(_, cycle) {
        checkpoints++;
        if (performance.now() - told < PROGRESS_INTERVAL) return;
        told = performance.now();
        tell({ stage: "running", checkpoints, cycle });
      },
    },
    opened,
  );
  tell({ stage: "keeping" });
  return {
    saved: withNewestImages(savedRunOf(program, run, sources), MOST_IMAGE_BYTES),
    sources: locateSources(sources, workingDirectory),
    diagnostics: opened.program.diagnostics,
    programKey: key,
  };
}

async function restartsJob(
  { params, profile }: RestartsJob,
  tell: (progress: RestartsProgress) => void,
): Promise<RestartsReply> {
  const input = programInputOf(params);
  const machine = { ...DEFAULT_MACHINE, ...params.machine };
  const { campaign, program, programCycles } = await crashProgram({
    ...{ ...input, machine },
    campaign: { profile, detectSeconds: DEFAULT_DETECT_SECONDS, torn: false, failAt: [], stopAtFirst: false },
    onJob: (done, total, what) => tell({ stage: "restarting", done, total, what }),
  });
  const audit = params.audited
    ? await auditProgram({
        ...{ ...input, machine, profile },
        onRun: (done, total, what) => tell({ stage: "auditing", done, total, what }),
      })
    : undefined;
  return {
    path: program.path,
    sources: locateSources(sourceHashes(program), params.workingDirectory),
    machine,
    restarts: campaign.versions,
    programCycles,
    ghz: profile.ghz,
    dependsOn: campaign.dependsOn,
    ...(audit === undefined ? {} : { audit: audit.document }),
  };
}

function programInputOf(params: RunParams): ProgramInput {
  const { workingDirectory, paths, includeDirectories, compilerArguments } = params;
  return {
    workingDirectory,
    paths,
    args: params.args ?? [],
    env: new Map(Object.entries(params.env ?? {})),
    stdin: params.stdin ?? new Uint8Array(),
    dirs: (params.dirs ?? [])
      .map(parseSharedDirectory)
      .map(({ host, guest }) => `${resolve(workingDirectory, host)}::${guest}`),
    maxMemoryMiB: params.maxMemoryMiB ?? DEFAULT_MAX_MEMORY_MIB,
    maxCycles: params.maxCycles ?? Number.POSITIVE_INFINITY,
    seed: params.seed ?? 1,
    ...(includeDirectories === undefined ? {} : { includeDirectories }),
    ...(compilerArguments === undefined ? {} : { compilerArguments }),
  };
}
