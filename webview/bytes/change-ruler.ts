import type { Theme } from "../theme.ts";
import { element } from "../ui/dom.ts";

const WIDTH = 14;
/** What is seen of a large region is too little to show, or to take hold of. */
const LEAST_THUMB = 12;

export interface RulerContents {
  /** Changed bytes in each of equal parts of the region; undefined while that is not known. */
  readonly changedBytes: Uint32Array | undefined;
  readonly topRow: number;
  readonly shownRows: number;
  readonly rowCount: number;
}

export interface ChangeRuler {
  readonly root: HTMLElement;
  show(contents: RulerContents, theme: Theme): void;
}

/** The scroll bar of a region of any size, on which its changes are marked: a webview's own ends at some million rows. */
export function changeRuler(controls: string, onScroll: (topRow: number) => void): ChangeRuler {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const root = element(
    "div",
    {
      class: "change-ruler",
      role: "scrollbar",
      "aria-controls": controls,
      "aria-orientation": "vertical",
      "aria-valuemin": "0",
    },
    canvas,
  );
  let shown: RulerContents = { changedBytes: undefined, topRow: 0, shownRows: 1, rowCount: 1 };
  /** Where on the thumb the pointer took hold of it. */
  let hold: number | undefined;

  const lastTop = () => Math.max(0, shown.rowCount - shown.shownRows);
  const thumb = () => {
    const height = root.clientHeight;
    const size = Math.min(height, Math.max(LEAST_THUMB, (height * shown.shownRows) / Math.max(1, shown.rowCount)));
    return { size, top: lastTop() === 0 ? 0 : ((height - size) * shown.topRow) / lastTop() };
  };
  const scrollTo = (top: number) => {
    const room = root.clientHeight - thumb().size;
    if (room > 0) onScroll(Math.round(Math.min(1, Math.max(0, top / room)) * lastTop()));
  };
  root.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    root.setPointerCapture(event.pointerId);
    const { size, top } = thumb();
    hold = event.offsetY >= top && event.offsetY < top + size ? event.offsetY - top : size / 2;
    scrollTo(event.offsetY - hold);
  });
  root.addEventListener("pointermove", (event) => {
    if (hold !== undefined) scrollTo(event.offsetY - hold);
  });
  for (const end of ["pointerup", "pointercancel"])
    root.addEventListener(end, () => {
      hold = undefined;
    });

  return {
    root,
    show(contents, theme) {
      shown = contents;
      root.setAttribute("aria-valuemax", String(lastTop()));
      root.setAttribute("aria-valuenow", String(contents.topRow));
      const height = root.clientHeight;
      const ratio = window.devicePixelRatio;
      canvas.width = Math.round(WIDTH * ratio);
      canvas.height = Math.max(1, Math.round(height * ratio));
      const context = canvas.getContext("2d");
      if (context === null) return;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const { changedBytes } = contents;
      if (changedBytes !== undefined) {
        context.fillStyle = theme.changed;
        // Each part with a change is at least two pixels high: a single byte of 64 MB is seen, too.
        for (let i = 0; i < changedBytes.length; i++) {
          if (changedBytes[i] === 0) continue;
          const top = (i * height) / changedBytes.length;
          context.fillRect(4, Math.floor(top), WIDTH - 8, Math.max(2, Math.ceil(height / changedBytes.length)));
        }
      }
      const { size, top } = thumb();
      context.globalAlpha = theme.highContrast ? 1 : 0.18;
      context.strokeStyle = theme.foreground;
      context.fillStyle = theme.foreground;
      if (theme.highContrast) context.strokeRect(0.5, top + 0.5, WIDTH - 1, size - 1);
      else context.fillRect(0, top, WIDTH, size);
      context.globalAlpha = 1;
    },
  };
}
