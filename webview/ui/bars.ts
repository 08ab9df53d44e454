import { element, styled } from "./dom.ts";

/**
 * A horizontal bar of a cost, with its band as a whisker: all in parts of the widest, from 0 to 1. What goes beyond the
 * scale ends in an arrow.
 */
export function costBar(value: number, low: number, high: number, scale: number, kind = ""): HTMLElement {
  const part = (cost: number) => `${(100 * Math.min(1, Math.max(0, cost / scale))).toFixed(2)}%`;
  const bar = styled(element("span", { class: `bar ${kind}` }), { width: part(value) });
  const whisker = styled(element("span", { class: "whisker" }), {
    left: part(low),
    width: `${(100 * Math.max(0, Math.min(1, high / scale) - Math.min(1, low / scale))).toFixed(2)}%`,
  });
  const beyond = value > scale ? element("span", { class: "beyond" }, "▸") : undefined;
  return element("span", { class: "bar-track", "aria-hidden": "true" }, bar, whisker, beyond);
}
