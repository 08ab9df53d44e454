import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_METHODS } from "../../../src/panel/messages/messages.ts";
import { isFromPage } from "../../../src/panel/page-message.ts";
import { Relay } from "../../../src/panel/relay.ts";
import type { SessionClient } from "../../../src/session/client.ts";
import { type FromSession, SessionFailure } from "../../../src/session/messages.ts";

/** A session that answers with the method's name, fails for page 13, and hears of what is cancelled. */
function session(cancelled: string[]): SessionClient {
  const call = (method: string, params: unknown, onProgress?: (progress: never) => void) => {
    onProgress?.("half" as never);
    const isBad = (params as { page?: number } | null)?.page === 13;
    return {
      result: isBad
        ? Promise.reject(new SessionFailure({ kind: "badInput", message: "there is no page 13" }))
        : Promise.resolve(method),
      cancel: () => cancelled.push(method),
    };
  };
  return { call, ask: (method: string, params: unknown) => call(method, params).result } as never;
}

test("a page's questions are answered, with progress and with errors", async () => {
  const posted: FromSession[] = [];
  const relay = new Relay(
    () => session([]),
    (message) => posted.push(message),
  );
  relay.request(7, "report", {});
  relay.request(8, "page", { page: 13 });
  await new Promise(setImmediate);
  assert.deepEqual(posted, [
    { type: "progress", id: 7, progress: "half" },
    { type: "progress", id: 8, progress: "half" },
    { type: "result", id: 7, result: "report" },
    { type: "error", id: 8, error: { kind: "badInput", message: "there is no page 13" } },
  ]);
});

test("a page cannot run programs, nor read or write files", () => {
  const posted: FromSession[] = [];
  const relay = new Relay(
    () => assert.fail("the session is asked"),
    (message) => posted.push(message),
  );
  for (const method of ["run", "compile", "openRunFile", "saveRunFile", "saveProfile", "close", "toString"]) {
    assert.ok(!PAGE_METHODS.some((allowed) => allowed === method));
    relay.request(1, method, {});
  }
  assert.equal(posted.length, 7);
  for (const message of posted) assert.ok(message.type === "error" && message.error.kind === "badInput");
});

test("what a page gives up is cancelled in the session", () => {
  const cancelled: string[] = [];
  const relay = new Relay(
    () => session(cancelled),
    () => {},
  );
  relay.request(1, "compare", {});
  relay.request(2, "map", {});
  relay.cancel(1);
  relay.cancel(3);
  assert.deepEqual(cancelled, ["compare"]);
  relay.cancelAll();
  assert.deepEqual(cancelled, ["compare", "compare", "map"]);
});

test("a page that was loaded again gets no answers to the one before", async () => {
  const answers: (() => void)[] = [];
  const posted: FromSession[] = [];
  const call = (method: string) => ({
    result: new Promise((resolve) => answers.push(() => resolve(method))),
    cancel: () => {},
  });
  const relay = new Relay(
    () => ({ call }) as never,
    (message) => posted.push(message),
  );
  relay.request(1, "map", {});
  relay.cancelAll();
  relay.request(1, "report", {});
  for (const answer of answers) answer();
  await new Promise(setImmediate);
  assert.deepEqual(posted, [{ type: "result", id: 1, result: "report" }]);
});

test("messages of a page are told from others", () => {
  const good = [
    { type: "ready" },
    { type: "request", id: 1, method: "map", params: {} },
    { type: "cancel", id: 1 },
    { type: "reveal", run: 1, place: { file: "a.c", line: 3 }, focus: false },
    { type: "perspective", run: 1, perspective: { machine: {}, prices: {} } },
    { type: "runAgain", run: 1 },
    { type: "openSample" },
    { type: "showBytes", run: 1, place: { image: 0, region: { id: 1, group: "" }, offset: 4096 } },
    { type: "showPage", run: 1, page: 17 },
    { type: "exportView", view: "map" },
    { type: "drawn", id: 1, result: new Uint8Array(3) },
  ];
  for (const message of good) assert.ok(isFromPage(message), JSON.stringify(message));
  const bad = [
    ...[undefined, null, 1, "ready", [], {}, { type: "rady" }, { type: "request", method: "map" }],
    ...[
      { type: "cancel", id: "1" },
      { type: "reveal", run: 1, place: { file: "a.c", line: 1.5 }, focus: true },
    ],
    ...[
      { type: "reveal", run: 1, place: { file: 1, line: 1 }, focus: true },
      { type: "perspective", run: 1 },
    ],
    { type: "showBytes", run: 1, place: { image: 0, region: { id: 1 }, offset: 0 } },
    { type: "bytesShown", run: 1, place: { image: -1, region: { id: 1, group: "" }, offset: 0 } },
    { type: "showPage", run: 1, page: 0.5 },
    { type: "exportView", view: "header" },
    { type: "drawn", id: 1, result: [1, 2, 3] },
  ];
  for (const message of bad) assert.ok(!isFromPage(message), JSON.stringify(message));
});
