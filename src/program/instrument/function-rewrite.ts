import type { ArrayLoop } from "./array-loop.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { CodeWriter } from "./code-writer.ts";
import type { DecodedBody } from "./decode.ts";
import { type FunctionPlan, planFunction } from "./function-plan.ts";
import { localTypes } from "./local-types.ts";
import { ValueType } from "./opcodes.ts";
import type { RewriteContext } from "./rewrite-context.ts";
import type { StoreSite } from "./types.ts";

/**
 * One function on its way to the new module: the original, the plan for it, and what is written so far. The original's
 * bytes are copied in stretches, as late as possible: up to where something is inserted or replaced.
 */
export class FunctionRewrite {
  readonly context: RewriteContext;
  readonly body: DecodedBody;
  readonly functionIndex: number;
  readonly plan: FunctionPlan;
  readonly w: CodeWriter;
  readonly recording: boolean;
  /**
   * Whether cycles are counted in the tables only: a catch clause of try_table arrives at a label in the middle of
   * anything, where no local could be read back.
   */
  readonly direct: boolean;
  /** Types of parameters and locals, where the function has a frame. */
  readonly frameLocals: readonly number[] | undefined;
  /** The local that holds the remaining cycles; -1 if `direct`. */
  readonly remaining: number;
  /** The array loop whose iterations are being written: what they cost is taken off when they are settled. */
  unsettled: ArrayLoop | undefined;
  readonly #source: Uint8Array;
  /** The original is copied up to here. */
  #copied: number;
  readonly #addedTypes: number[] = [];
  readonly #addedLocals = new Map<string, number>();
  readonly #siteOf = new Map<number, number>();

  constructor(context: RewriteContext, body: DecodedBody, functionIndex: number, w: CodeWriter) {
    this.context = context;
    this.body = body;
    this.functionIndex = functionIndex;
    this.plan = planFunction(context, body);
    this.w = w;
    this.recording = context.mode === "record";
    this.#source = context.module.bytes;
    this.#copied = body.localsEnd;
    this.direct = body.hasTryTable;
    this.frameLocals =
      context.reaching.has(functionIndex) && !this.direct ? localTypes(context, body, functionIndex) : undefined;
    this.remaining = this.direct ? -1 : this.local("remaining");
  }

  /** A local of our own, declared at its first use. */
  local(name: string, valueType: number = ValueType.i32): number {
    let index = this.#addedLocals.get(name);
    if (index === undefined) {
      index = this.body.localCount + this.#addedTypes.length;
      this.#addedLocals.set(name, index);
      this.#addedTypes.push(valueType);
    }
    return index;
  }

  /** The declarations of the original's locals and of ours. */
  localDeclarations(): ByteWriter {
    const { localGroupCount, localsStart, localsEnd } = this.body;
    const locals = new ByteWriter();
    locals.u32(localGroupCount + this.#addedTypes.length);
    locals.copy(this.#source, localsStart, localsEnd);
    for (const valueType of this.#addedTypes) {
      locals.u8(1);
      locals.u8(valueType);
    }
    return locals;
  }

  /** What is written next belongs to instruction i and goes before it. */
  insertBefore(i: number): void {
    this.copyUpTo(i);
    this.context.offsets.inserted(this.w.length, this.body.position[i]);
  }

  insertAfter(i: number): void {
    this.copyUpTo(i + 1);
    this.context.offsets.inserted(this.w.length, this.body.position[i]);
  }

  /** Copies what is left of the original before instruction i (or all of it, for the number of instructions). */
  copyUpTo(i: number): void {
    const end = this.body.position[i];
    if (end <= this.#copied) return;
    this.context.offsets.copied(this.w.length, this.#copied);
    this.w.copy(this.#source, this.#copied, end);
    this.#copied = end;
  }

  /** Writes instruction i once more than it is in the original. */
  repeat(i: number): void {
    this.w.copy(this.#source, this.body.position[i], this.body.position[i + 1]);
  }

  /** Something else was written in place of instruction i. */
  replaced(i: number): void {
    this.#copied = this.body.position[i + 1];
  }

  addSite(i: number, size: number, kind: StoreSite["kind"]): number {
    const { sites } = this.context;
    const site = sites.length;
    sites.push({ functionIndex: this.functionIndex, offset: this.body.position[i], size, kind });
    this.#siteOf.set(i, site);
    return site;
  }

  /** Tells the module of the function's groups, once all their stores have sites. */
  addGroups(): void {
    for (const { low, members } of this.plan.groups) {
      const described = members.map(({ instruction, offset, size }) => ({
        site: this.#siteOf.get(instruction) ?? -1,
        delta: offset - low,
        size,
      }));
      this.context.groups.set(described[0].site, { members: described });
    }
  }
}
