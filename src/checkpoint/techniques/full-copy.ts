/**
 * Full copy: the checkpoint library finds nothing out and saves every byte of every region each time.
 *
 * It arms nothing and no write is ever noticed, so the program runs at full speed between checkpoints; the price is the
 * whole state's copy at each of them. The oldest technique there is, and what most checkpointing libraries do; it wins
 * when nearly all pages are dirty at each checkpoint anyway.
 */
import { pagesIn } from "../pages.ts";
import type { TechniqueDefinition } from "../technique.ts";

export const fullCopy: TechniqueDefinition<"full-copy"> = {
  id: "full-copy",
  class: "user",
  title: "Full copy",
  summary: "Finds nothing: everything is copied each time.",
  noticesWrites: false,
  keepsFlagsOnly: true,
  unavailable: () => undefined,
  create: () => ({
    register: () => {},
    unregister: () => {},
    collect: pagesIn,
    arm: () => {},
    isArmed: () => false,
  }),
};
