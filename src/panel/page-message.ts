import { isBytesPlace, isCount, isObject } from "./messages/bytes-place.ts";
import { type FromPage, PICTURES } from "./messages/messages.ts";
import { messagesIn } from "./messages/outbox.ts";

/** What of our page is in something that a webview sent. */
export function messagesFrom(data: unknown): readonly FromPage[] {
  return messagesIn(data).filter(isFromPage);
}

/** Whether something that a webview sent is a message of our page; what it carries to the session is checked there. */
export function isFromPage(value: unknown): value is FromPage {
  if (!isObject(value)) return false;
  const { type, id, method, run, place, perspective, profile } = value;
  switch (type) {
    case "ready":
    case "openSample":
      return true;
    case "request":
      return typeof id === "number" && typeof method === "string";
    case "cancel":
      return typeof id === "number";
    case "reveal":
      return (
        typeof run === "number" &&
        isObject(place) &&
        typeof place.file === "string" &&
        Number.isInteger(place.line) &&
        typeof value.focus === "boolean"
      );
    case "perspective":
      return typeof run === "number" && isObject(perspective) && isObject(perspective.machine);
    case "saveProfile":
      return isObject(profile);
    case "painted":
    case "runAgain":
    case "audit":
      return typeof run === "number";
    case "exportView":
      return PICTURES.some((name) => name === value.view);
    case "drawn":
      return typeof id === "number" && (value.result instanceof Uint8Array || typeof value.result === "string");
    case "showBytes":
    case "bytesShown":
      return typeof run === "number" && isBytesPlace(place);
    case "showPage":
      return typeof run === "number" && isCount(value.page);
    default:
      return false;
  }
}
