import type { ImageSummary, RunSummary } from "./figures.ts";

/**
 * The image that the checkpoint at an epoch's end committed; undefined where it committed none. Names and versions may come
 * again, and a restarted run begins with images of the one before, so they are paired up from the last one.
 */
export function imageOfEpoch(
  { epochs, images }: Pick<RunSummary, "epochs" | "images">,
  epoch: number,
): ImageSummary | undefined {
  const of = epochs[epoch];
  if (of === undefined || of.end !== "committed") return undefined;
  const isSame = ({ name, version }: { readonly name: string; readonly version: number }) =>
    name === of.name && version === of.version;
  const later = epochs.slice(epoch + 1).filter((one) => one.end === "committed" && isSame(one)).length;
  return images.filter(isSame).at(-1 - later);
}
