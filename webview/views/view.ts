import type { Picture } from "../export/picture.ts";
import type { EditorHost } from "../host.ts";
import type { State, Store } from "../store.ts";
import type { Theme } from "../theme.ts";

/** What every view works with. */
export interface ViewContext {
  readonly host: EditorHost;
  readonly store: Store;
  theme(): Theme;
  /** Something that was asked has no answer: says why, and dims what stands there of another question, until the next change. */
  fail(reason: string): void;
  /** Says why something is not done, until the next change. */
  say(reason: string): void;
  /** Looks at the run in another way, here and in the source. */
  look(change: PerspectiveChange): void;
}

export interface PerspectiveChange {
  readonly machine?: Partial<NonNullable<State["perspective"]>["machine"]>;
  readonly prices?: NonNullable<State["perspective"]>["prices"];
}

export interface View {
  readonly root: HTMLElement;
  /** Comes after each change of the state, in an animation frame. */
  update(state: State, before: State): void;
  /** The colours or the size of the page have changed. */
  repaint?(): void;
  /** What it shows now, to be saved; undefined while there is nothing, `later` when that has to be asked for first. */
  picture?(): Picture | "later" | undefined;
}
