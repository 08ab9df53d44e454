import assert from "node:assert/strict";
import { test } from "node:test";
import { messagesIn, Outbox } from "../../../src/panel/messages/outbox.ts";

test("what is posted in one go is one message, in order; what comes alone goes as it is", async () => {
  const sent: unknown[] = [];
  const outbox = new Outbox<number>((message) => sent.push(message), queueMicrotask);
  outbox.post(1);
  outbox.post(2);
  assert.deepEqual(sent, []);
  await Promise.resolve();
  outbox.post(3);
  await Promise.resolve();
  assert.deepEqual(sent, [{ type: "several", messages: [1, 2] }, 3]);
  assert.deepEqual(sent.flatMap(messagesIn), [1, 2, 3]);
});

test("what no outbox has sent is a message itself", () => {
  for (const data of [undefined, null, 7, "several", {}, { type: "several" }, { type: "several", messages: 3 }])
    assert.deepEqual(messagesIn(data), [data]);
});

test("what nobody waits for goes along with the next message, in order, or later by itself", async () => {
  const sent: unknown[] = [];
  const later: (() => void)[] = [];
  const outbox = new Outbox<number>(
    (message) => sent.push(message),
    queueMicrotask,
    (flush) => later.push(flush),
  );
  outbox.postLater(1);
  outbox.postLater(2);
  await Promise.resolve();
  assert.deepEqual(sent, []);
  outbox.post(3);
  await Promise.resolve();
  assert.deepEqual(sent, [{ type: "several", messages: [1, 2, 3] }]);
  // Its own time comes when nothing waits any more.
  for (const flush of later.splice(0)) flush();
  assert.equal(sent.length, 1);
  outbox.postLater(4);
  for (const flush of later.splice(0)) flush();
  assert.deepEqual(sent.at(-1), 4);
});
