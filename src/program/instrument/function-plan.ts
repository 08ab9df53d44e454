import { type ArrayLoop, findArrayLoops } from "./array-loop.ts";
import { type AddressGroup, findGroups } from "./coalesce.ts";
import type { DecodedBody } from "./decode.ts";
import { type CachePlan, planLoopCaches } from "./loop-cache.ts";
import type { RewriteContext } from "./rewrite-context.ts";

/** How the stores of one function are checked and counted: all that is decided before any of it is written. */
export interface FunctionPlan {
  readonly groups: readonly AddressGroup[];
  /** By instruction, as `findGroups` has it: 0 own check, 1 + index of the group it begins, -1 further on in one. */
  readonly groupOf: Int32Array;
  readonly arrayLoops: readonly ArrayLoop[];
  readonly arrayLoopOfBlock: ReadonlyMap<number, ArrayLoop>;
  /** Instructions that array loops look up at their heads. */
  readonly arrayStores: ReadonlySet<number>;
  readonly caches: CachePlan;
  /**
   * By block: index into the context's blocks, for all counted blocks at once, as a loop's head flushes what comes after
   * it in the code. Empty unless recording.
   */
  readonly counterOfBlock: ReadonlyMap<number, number>;
}

export function planFunction(context: RewriteContext, body: DecodedBody): FunctionPlan {
  const recording = context.mode === "record";
  // The others tell every access, and what is watched may change at each.
  const optimise = context.coalesce && (context.mode === "check" || recording);
  const isCounted = (block: number) => {
    const { cycles, storeCount } = body.blocks[block];
    return storeCount > 0 || (context.countedBlocks === "all" && cycles > 0);
  };
  const groupOf = new Int32Array(body.count);
  const groups = optimise ? findGroups(body, groupOf) : [];
  const arrayLoops = optimise && !body.hasTryTable ? findArrayLoops(body, groupOf, groups) : [];
  const caches: CachePlan = optimise
    ? planLoopCaches(body, groupOf, groups, recording ? isCounted : undefined, arrayLoops)
    : { scopes: [], scopeOfLoop: body.loops.map(() => -1), slotOf: new Map() };
  const counterOfBlock = new Map<number, number>();
  if (recording)
    for (const block of body.blocks.keys())
      if (isCounted(block)) counterOfBlock.set(block, context.blocks.length + counterOfBlock.size);
  return {
    groups,
    groupOf,
    arrayLoops,
    arrayLoopOfBlock: new Map(arrayLoops.map((one) => [one.block, one])),
    arrayStores: new Set(arrayLoops.flatMap(({ stores }) => stores.map(({ instruction }) => instruction))),
    caches,
    counterOfBlock,
  };
}
