/** The one owner of animation frames: what is asked for several times before a frame is painted once in it. */
const waiting = new Set<() => void>();

export function paint(view: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(flush);
  waiting.add(view);
}

/** For what answers a person's hand: what it asks of others is under way before the frame is painted. */
export function paintNow(view: () => void): void {
  waiting.delete(view);
  view();
}

/** Comes when the next frame has been painted. */
export function afterPaint(then: () => void): void {
  requestAnimationFrame(() => setTimeout(then));
}

function flush(): void {
  const now = [...waiting];
  waiting.clear();
  for (const view of now) view();
}
