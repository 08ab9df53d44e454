import type { HelperFunction, HostFunction } from "./helpers.ts";
import type { ModuleOutline } from "./module-reader.ts";
import type { OffsetMapBuilder } from "./offset-map.ts";
import type { CountedBlock, StoreGroup, StoreSite, TableLayout, TrackingMode } from "./types.ts";

/** What all functions of a module share while they are rewritten. */
export interface RewriteContext {
  readonly module: ModuleOutline;
  readonly mode: TrackingMode;
  readonly layout: TableLayout;
  readonly countedBlocks: "stores" | "all";
  readonly coalesce: boolean;
  /** What `watch` adds, else as if there were nothing: whether variables can be watched; */
  readonly watchVariables: boolean;
  /** functions that can get to the checkpoint interface; */
  readonly reaching: ReadonlySet<number>;
  /** functions that allocate or free; */
  readonly allocators: ReadonlySet<number>;
  /** and bytes for frames. */
  readonly frameRoom: number;
  readonly sites: StoreSite[];
  readonly groups: Map<number, StoreGroup>;
  readonly blocks: CountedBlock[];
  readonly offsets: OffsetMapBuilder;
  /** Index in the new module of a function of the original one. */
  newIndex(functionIndex: number): number;
  host(name: HostFunction): number;
  helper(name: HelperFunction): number;
  /** Index of a function type, added if the module has none like it. */
  typeIndex(parameters: readonly number[], results: readonly number[]): number;
}
