/** The page that shows the bytes of a region as a checkpoint saved it, and what changed since the one before. */
import { type KeptBytes, keptBytes, namedPlace } from "../../src/panel/messages/bytes-place.ts";
import type { BytesPlace } from "../../src/panel/messages/messages.ts";
import { integer, bytes as sizeText } from "../../src/run/units.ts";
import type { ChangesReply, ImageSummary, RunSummary } from "../../src/session/figures.ts";
import { paint } from "../frames.ts";
import { connect } from "../host.ts";
import { Latest } from "../latest.ts";
import { setTranslations, t } from "../text.ts";
import { onThemeChange, readTheme } from "../theme.ts";
import { button, dropdown, textField } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import { ByteWindow } from "./byte-window.ts";
import { changeRuler } from "./change-ruler.ts";
import { hexByte, hexOffset, numbersAt, offsetDigits, parseOffset, ROW_BYTES } from "./hex.ts";
import { hexGrid, ROW_HEIGHT } from "./hex-grid.ts";

/** Parts in which changes are counted, for the ruler. */
const PARTS = 512;
/** Rows above a change that is shown. */
const CONTEXT_ROWS = 4;
const PAGE_BYTES = 4096;
const LINE_BYTES = 64;

const host = connect();
let theme = readTheme();
let started = false;
/** What is shown: undefined until the editor has said it. */
let run: RunSummary | undefined;
let image = 0;
let region: BytesPlace["region"] = { id: 0, group: "" };
let cursor = 0;
let topRow = 0;
let changes: ChangesReply | undefined;
let receive: (next: RunSummary, place: BytesPlace, asked: boolean) => void = () => {};
let empty: (reason: string) => void = () => {};

host.onMessage((message) => {
  switch (message.type) {
    case "hello":
      document.documentElement.lang = message.language;
      setTranslations(message.strings);
      start();
      return;
    case "bytes":
      receive(message.run, message.place, message.asked);
      return;
    case "empty":
      empty(message.reason);
      return;
  }
});
host.post({ type: "ready" });

function start(): void {
  if (started) return;
  started = true;
  const problem = element("div", { class: "problem", role: "alert" });
  problem.hidden = true;
  const fail = (reason: string) => {
    problem.textContent = reason;
    problem.hidden = false;
  };
  const title = element("h1", { class: "program" });
  const status = element("div", { class: "hint", role: "status" });
  const ofRegion = dropdown<string>(t("Region"), (value) => {
    const part = shownImage()?.regions[Number(value)];
    if (part !== undefined) look(image, part, 0);
  });
  const ofCheckpoint = dropdown<string>(t("Checkpoint"), (value) => look(Number(value), region, cursor));
  const goTo = textField(t("Go to offset"), t("offset, 0x1f40 or 8000"), (text) => {
    const offset = parseOffset(text);
    if (offset === undefined || offset >= size())
      fail(t("An offset is a number below {0}, such as 0x1f40 or 8000.", integer(size())));
    else {
      problem.hidden = true;
      moveTo(offset, true);
      grid.root.focus();
    }
  });
  const previous = button(t("Previous change"), () => step("previous"));
  previous.title = t("Previous change (P)");
  const next = button(t("Next change"), () => step("next"));
  next.title = t("Next change (N)");
  const grid = hexGrid((offset) => moveTo(offset, false));
  grid.root.id = "bytes";
  const ruler = changeRuler("bytes", (row) => scroll(row));
  const inspector = element("div", { class: "hex-inspector", role: "status" });
  const page = element(
    "main",
    { class: "bytes-page" },
    element(
      "header",
      { class: "page-header" },
      element(
        "div",
        { class: "toolbar" },
        title,
        element("span", { class: "spacer" }),
        ofRegion.root,
        ofCheckpoint.root,
        goTo.root,
        previous,
        next,
      ),
      status,
    ),
    problem,
    element("div", { class: "hex-frame" }, grid.root, ruler.root),
    inspector,
  );
  const emptyText = element("p", {});
  const emptyPage = element("main", { class: "empty-page" }, element("h1", {}, t("Bytes of a checkpoint")), emptyText);
  document.body.append(page, emptyPage);

  const bytesAround = new ByteWindow(
    (offset, length) => host.session.ask("bytes", { run: run?.run ?? -1, image, region, offset, length }),
    () => paint(draw),
    fail,
  );
  const latestChanges = new Latest<number, ChangesReply>(
    () => host.session.ask("changes", { run: run?.run ?? -1, image, region, buckets: PARTS }),
    (reply) => {
      changes = reply;
      showStatus();
      paint(draw);
    },
    fail,
  );
  const latestStep = new Latest<"next" | "previous", { offset: number; length: number } | null>(
    (direction) => host.session.ask("change", { run: run?.run ?? -1, image, region, from: cursor, direction }),
    (change, direction) => {
      if (change !== null) {
        moveTo(change.offset, true);
        status.textContent = `${statusText()} · ${t("this change: {0} bytes", integer(change.length))}`;
      } else {
        const none = direction === "next" ? t("no change after this place") : t("no change before this place");
        status.textContent = `${statusText()} · ${none}`;
      }
    },
    fail,
  );

  const shownImage = (): ImageSummary | undefined => run?.images[image];
  const shownPart = () => shownImage()?.regions.find(({ id, group }) => id === region.id && group === region.group);
  const size = () => shownPart()?.sizeBytes ?? 0;
  const rowCount = () => Math.ceil(size() / ROW_BYTES);

  function look(nextImage: number, { id, group }: BytesPlace["region"], offset: number): void {
    const isElsewhere = id !== region.id || group !== region.group;
    image = nextImage;
    region = { id, group };
    cursor = Math.min(offset, Math.max(0, size() - 1));
    if (isElsewhere) topRow = Math.floor(cursor / ROW_BYTES);
    changes = undefined;
    problem.hidden = true;
    bytesAround.forget();
    latestChanges.ask(image);
    if (run !== undefined) host.post({ type: "bytesShown", run: run.run, place: { image, region, offset: cursor } });
    showHead();
    keep();
    paint(draw);
  }

  function showHead(): void {
    const part = shownPart();
    if (run === undefined || part === undefined) return;
    title.textContent = regionName(part);
    title.title = run.program.path;
    ofRegion.root.hidden = (shownImage()?.regions.length ?? 0) < 2;
    ofRegion.update(
      (shownImage()?.regions ?? []).map((one, i) => ({
        value: String(i),
        text: `${regionName(one)} · ${sizeText(one.sizeBytes)}`,
      })),
      String(shownImage()?.regions.indexOf(part) ?? 0),
    );
    const holds = ({ regions }: ImageSummary) =>
      regions.some(({ id, group }) => id === region.id && group === region.group);
    ofCheckpoint.update(
      run.images.filter(holds).map(({ index, name, version }) => ({
        value: String(index),
        text: t("Checkpoint {0}", `${name} ${version}`),
      })),
      String(image),
    );
    showStatus();
  }

  function statusText(): string {
    const part = shownPart();
    if (part === undefined) return "";
    const all = t("{0} bytes", integer(part.sizeBytes));
    if (changes === undefined) return all;
    const changed = changes.changedBytes.reduce((sum, count) => sum + count, 0);
    const { previousVersion } = changes;
    const what =
      previousVersion === undefined
        ? t("the first checkpoint of this region: all is new")
        : changed === 0
          ? t("no byte differs from version {0}", previousVersion)
          : t("{0} differ from version {1}", integer(changed), previousVersion);
    return `${all} · ${what} · ${t("{0} saved in this image", sizeText(part.savedBytes))}`;
  }

  function showStatus(): void {
    status.textContent = statusText();
  }

  function step(direction: "next" | "previous"): void {
    latestStep.ask(direction);
  }

  /** @param context whether what is out of sight comes with rows above it */
  function moveTo(offset: number, context: boolean): void {
    if (size() === 0) return;
    cursor = Math.min(Math.max(0, offset), size() - 1);
    const row = Math.floor(cursor / ROW_BYTES);
    const shown = grid.rowCount();
    if (row < topRow) topRow = Math.max(0, row - (context ? CONTEXT_ROWS : 0));
    else if (row >= topRow + shown) topRow = context ? Math.max(0, row - CONTEXT_ROWS) : row - shown + 1;
    scroll(topRow);
  }

  function scroll(row: number): void {
    topRow = Math.min(Math.max(0, row), Math.max(0, rowCount() - grid.rowCount()));
    keep();
    paint(draw);
  }

  function keep(): void {
    const named = run && namedPlace(run, { image, region, offset: cursor });
    if (named === undefined) return;
    const kept: KeptBytes = { ...named, topRow };
    host.keepState(kept);
  }

  function draw(): void {
    page.hidden = run === undefined;
    emptyPage.hidden = run !== undefined;
    if (run === undefined) return;
    const shownRows = grid.rowCount();
    bytesAround.want(topRow * ROW_BYTES, (topRow + shownRows + 1) * ROW_BYTES, size());
    grid.show({ sizeBytes: size(), topRow, cursor, byteAt: (offset) => bytesAround.byteAt(offset) });
    ruler.show({ changedBytes: changes?.changedBytes, topRow, shownRows, rowCount: rowCount() }, theme);
    inspect();
  }

  function inspect(): void {
    const byte = bytesAround.byteAt(cursor);
    const digits = offsetDigits(size());
    const item = (name: string, value: string) =>
      element("span", { class: "legend-item" }, element("span", { class: "dim" }, name), element("code", {}, value));
    const summary = run?.regions.findLast(({ id, group }) => id === region.id && group === region.group);
    const address = summary === undefined ? undefined : summary.address + cursor;
    inspector.replaceChildren(
      item(t("Offset"), `0x${hexOffset(cursor, digits)}`),
      ...(byte === undefined ? [] : [item(t("Now"), hexByte(byte.now))]),
      ...(byte?.changed ? [item(t("Was"), byte.before === undefined ? t("nothing") : hexByte(byte.before))] : []),
      ...numbersAt(bytesAround.bytesFrom(cursor), 0).map(({ kind, text }) => item(kind, text)),
      ...(address === undefined ? [] : [pageLink(address)]),
    );
  }

  /** Leads to the page of an address in the panel's map. */
  function pageLink(address: number): HTMLElement {
    const number = Math.floor(address / PAGE_BYTES);
    const line = Math.floor((address % PAGE_BYTES) / LINE_BYTES);
    const link = element(
      "button",
      { type: "button", class: "link", title: t("Show this page in the map") },
      t("page {0}, line {1}", integer(number), line),
    );
    link.addEventListener("click", () => {
      if (run !== undefined) host.post({ type: "showPage", run: run.run, page: number });
    });
    return link;
  }

  receive = (nextRun, place, asked) => {
    run = nextRun;
    const kept = asked ? undefined : keptBytes(host.keptState(), run);
    const at = kept?.place ?? place;
    look(at.image, at.region, at.offset);
    // A place that was asked for comes into sight; one that was kept stays where it was.
    if (kept === undefined) moveTo(cursor, true);
    else scroll(kept.topRow);
    if (kept === undefined && place.offset === 0 && shownPart() !== undefined) showFirstChange();
    paint(draw);
  };
  empty = (reason) => {
    run = undefined;
    emptyText.textContent = reason;
    paint(draw);
  };

  /** Where nobody asked for a place, the first change is what one wants to see. */
  function showFirstChange(): void {
    const asked = { image, region };
    host.session
      .ask("change", { run: run?.run ?? -1, image, region, from: -1, direction: "next" })
      .then((change) => {
        if (change !== null && cursor === 0 && asked.image === image && asked.region === region)
          moveTo(change.offset, true);
      })
      .catch(() => {}); // The bytes tell what is wrong.
  }

  grid.root.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const rows = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / ROW_HEIGHT : event.deltaY;
      scroll(topRow + Math.sign(rows) * Math.max(1, Math.round(Math.abs(rows))));
    },
    { passive: false },
  );
  grid.root.addEventListener("keydown", (event) => {
    const screen = Math.max(1, grid.rowCount() - 1) * ROW_BYTES;
    switch (event.key) {
      case "ArrowLeft":
        moveTo(cursor - 1, false);
        break;
      case "ArrowRight":
        moveTo(cursor + 1, false);
        break;
      case "ArrowUp":
        if (cursor >= ROW_BYTES) moveTo(cursor - ROW_BYTES, false);
        break;
      case "ArrowDown":
        if (cursor + ROW_BYTES < size()) moveTo(cursor + ROW_BYTES, false);
        break;
      case "PageUp":
        moveTo(Math.max(cursor % ROW_BYTES, cursor - screen), false);
        break;
      case "PageDown":
        moveTo(cursor + screen, false);
        break;
      case "Home":
        moveTo(event.ctrlKey || event.metaKey ? 0 : cursor - (cursor % ROW_BYTES), false);
        break;
      case "End":
        moveTo(event.ctrlKey || event.metaKey ? size() - 1 : cursor - (cursor % ROW_BYTES) + ROW_BYTES - 1, false);
        break;
      case "n":
        step("next");
        break;
      case "p":
      case "N":
        step("previous");
        break;
      case "g":
        goTo.focus();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  const repaint = () => {
    theme = readTheme();
    draw();
  };
  onThemeChange(() => paint(repaint));
  new ResizeObserver(() => paint(repaint)).observe(page);
  grid.root.setAttribute(
    "aria-label",
    t("Bytes of the region. Arrows move, N and P go to the next and the previous change, G to an offset."),
  );
  paint(draw);
}

function regionName({ id, name }: { readonly id: number; readonly name: string }): string {
  return name === "" ? t("Region {0}", id) : name;
}
