import { integer } from "../../src/run/units.ts";
import type { ImageSummary, PageReply, RegionSummary, RunSummary } from "../../src/session/figures.ts";
import { imageOfEpoch } from "../../src/session/image-of-epoch.ts";
import { Latest } from "../latest.ts";
import type { State } from "../store.ts";
import { baseName, t } from "../text.ts";
import { element } from "../ui/dom.ts";
import type { View, ViewContext } from "./view.ts";

const PAGE_BYTES = 4096;

/** What the selected page is: its regions, who wrote it, and where its bytes are. */
export function pageCard({ host, store, fail }: ViewContext): View {
  const root = element("div", { class: "page-card", "aria-live": "polite" });
  const latest = new Latest<State, { reply: PageReply; page: number } | undefined>(
    async ({ run, page, epochs }) => {
      if (run === undefined || page === undefined) return undefined;
      const reply = await host.session.ask("page", { run: run.run, page, ...(epochs === undefined ? {} : { epochs }) });
      return { reply, page };
    },
    (answer) => {
      if (answer === undefined || answer.page !== store.state.page) root.replaceChildren();
      else showPage(answer.page, answer.reply);
    },
    fail,
  );

  function showPage(page: number, reply: PageReply): void {
    const { run } = store.state;
    const names = reply.regions.map((number) => {
      const region = run?.regions.find((one) => one.number === number);
      return region === undefined ? String(number) : region.name || t("Region {0}", region.id);
    });
    const stores = reply.stores.reduce((sum, count) => sum + count, 0);
    const where = names.length === 0 ? t("not protected") : names.join(", ");
    root.replaceChildren(
      element(
        "div",
        { class: "card-title" },
        t("Page {0} at 0x{1}", integer(page), (page * 4096).toString(16)),
        element(
          "span",
          { class: "dim" },
          ` · ${where} · ${
            reply.epochs.length === 1
              ? t("{0} stores in 1 epoch", integer(stores))
              : t("{0} stores in {1} epochs", integer(stores), reply.epochs.length)
          }`,
        ),
        bytesLink(page, reply),
      ),
      ...reply.lines.slice(0, 8).map(({ file, line, function: name, firstWrites }) => {
        const link = element(
          "button",
          { class: "link", type: "button" },
          line > 0 ? `${baseName(file)}:${line}` : name,
        );
        if (line > 0) {
          link.addEventListener("click", () => {
            store.set({ line: { file, line } });
            if (run !== undefined) host.post({ type: "reveal", run: run.run, place: { file, line }, focus: false });
          });
        }
        const times =
          firstWrites === 1 ? t("first to write it in 1 epoch") : t("first to write it in {0} epochs", firstWrites);
        return element("div", { class: "card-line" }, link, element("span", { class: "dim" }, ` ${name} · ${times}`));
      }),
      ...(reply.lines.length === 0 ? [element("div", { class: "dim" }, t("Nobody wrote it here."))] : []),
    );
  }

  /** Leads to the page's bytes: as the selected checkpoint saved them, or the last one before whose end it was written. */
  function bytesLink(page: number, { regions, epochs: written }: PageReply): HTMLElement | undefined {
    const { run, epochs } = store.state;
    if (run === undefined) return undefined;
    const lastWritten = written.at(-1);
    const wanted = epochs?.to ?? lastWritten ?? run.epochs.length - 1;
    for (const number of regions) {
      const region = run.regions.find((one) => one.number === number);
      const image = region && imageThatHolds(run, wanted, region);
      if (region === undefined || image === undefined) continue;
      const link = element(
        "button",
        { class: "link", type: "button" },
        t("Bytes at checkpoint {0}", `${image.name} ${image.version}`),
      );
      const offset = Math.max(0, page * PAGE_BYTES - region.address);
      link.addEventListener("click", () =>
        host.post({
          type: "showBytes",
          run: run.run,
          place: { image: image.index, region: { id: region.id, group: region.group }, offset },
        }),
      );
      return element("span", {}, " · ", link);
    }
    return undefined;
  }

  return {
    root,
    update(state, before) {
      if (state.run !== before.run || state.page !== before.page || state.epochs !== before.epochs) latest.ask(state);
    },
  };
}

/** The first image that holds a region at an epoch's end or later, else the last one that does. */
function imageThatHolds(run: RunSummary, epoch: number, { id, group }: RegionSummary): ImageSummary | undefined {
  const holds = ({ regions }: ImageSummary) => regions.some((one) => one.id === id && one.group === group);
  for (let at = epoch; at < run.epochs.length; at++) {
    const image = imageOfEpoch(run, at);
    if (image !== undefined && holds(image)) return image;
  }
  return run.images.findLast(holds);
}
