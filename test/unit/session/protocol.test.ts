import assert from "node:assert/strict";
import { test } from "node:test";
import { BadInputError, CompileError } from "../../../src/program/program.ts";
import { createClient, type SessionClient } from "../../../src/session/client.ts";
import { CancelledError, SessionFailure } from "../../../src/session/messages.ts";
import { portPair } from "../../../src/session/port.ts";
import { type Handlers, serve } from "../../../src/session/serve.ts";

/** A session that answers only what a test says. */
function sessionOf(handlers: Partial<Handlers>): { readonly client: SessionClient; close(reason: string): void } {
  const [near, far] = portPair(structuredClone);
  serve(far, handlers as Handlers);
  return { client: createClient(near), close: (reason) => far.close(reason) };
}

async function failureOf(promise: Promise<unknown>): Promise<SessionFailure["error"]> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SessionFailure);
    return error.error;
  }
  assert.fail("it did not fail");
}

test("answers reach who asked, whatever their order, and typed arrays stay typed arrays", async () => {
  const answers: (() => void)[] = [];
  const { client } = sessionOf({
    masks: ({ firstPage }) =>
      new Promise((resolve) => {
        answers.push(() => resolve(Uint32Array.of(firstPage)));
      }),
  });
  const asked = [7, 8, 9].map((firstPage) => client.ask("masks", { run: 1, firstPage, pageCount: 1 }));
  await new Promise((resolve) => setImmediate(resolve));
  for (const answer of answers.reverse()) answer();
  assert.deepEqual(await Promise.all(asked), [Uint32Array.of(7), Uint32Array.of(8), Uint32Array.of(9)]);
});

test("errors of each kind travel as data", async () => {
  const diagnostic = { severity: "error", file: "a.c", line: 2, column: 3, message: "no" } as const;
  const { client } = sessionOf({
    close: () => {
      throw new BadInputError("there is no run 4");
    },
    runs: () => Promise.reject(new CompileError("a.c:2:3: error: no", [diagnostic])),
    report: () => {
      throw new TypeError("a mistake");
    },
    lines: () => Promise.reject(new SessionFailure({ kind: "gone", message: "the other session ended" })),
  });
  assert.deepEqual(await failureOf(client.ask("close", { run: 4 })), {
    kind: "badInput",
    message: "there is no run 4",
  });
  const compile = await failureOf(client.ask("runs", null));
  assert.deepEqual(compile, { kind: "compileError", message: "a.c:2:3: error: no", diagnostics: [diagnostic] });
  const internal = await failureOf(client.ask("report", {} as never));
  assert.equal(internal.kind, "internal");
  assert.match(internal.kind === "internal" ? internal.stack : "", /protocol\.test/);
  assert.equal((await failureOf(client.ask("lines", {} as never))).kind, "gone");
  assert.match((await failureOf(client.ask("masks", {} as never))).message, /no method "masks"/);
  assert.match((await failureOf(client.ask("toString" as never, null as never))).message, /no method "toString"/);
});

test("progress comes before the result, and cancelling reaches the handler once", async () => {
  let cancelled = 0;
  const { client } = sessionOf({
    run: (_, request) =>
      new Promise((_resolve, reject) => {
        request.progress({ stage: "compiling" });
        request.progress({ stage: "running", checkpoints: 1, cycle: 10 });
        request.onCancel(() => {
          cancelled++;
          assert.ok(request.isCancelled);
          reject(new CancelledError());
        });
      }),
  });
  const seen: string[] = [];
  const call = client.call("run", { workingDirectory: "/", paths: ["a.c"] }, ({ stage }) => {
    seen.push(stage);
    if (stage === "running") {
      call.cancel();
      call.cancel();
    }
  });
  assert.deepEqual(await failureOf(call.result), { kind: "cancelled", message: "the request was cancelled" });
  assert.deepEqual(seen, ["compiling", "running"]);
  assert.equal(cancelled, 1);
});

test("when the session is gone, what is under way fails, and so does what is asked later", async () => {
  const { client, close } = sessionOf({ runs: () => new Promise(() => {}) });
  const asked = failureOf(client.ask("runs", null));
  await new Promise((resolve) => setImmediate(resolve));
  close("the session process ended with code 9");
  assert.deepEqual(await asked, { kind: "gone", message: "the session process ended with code 9" });
  assert.equal((await failureOf(client.ask("runs", null))).kind, "gone");
});

test("what is no request is left alone", async () => {
  const [near, far] = portPair(structuredClone);
  serve(far, { runs: () => [] } as unknown as Handlers);
  const client = createClient(near);
  for (const junk of [null, 7, "x", {}, { type: "request" }, { type: "request", id: 1 }, { type: "cancel", id: 99 }])
    near.post(junk);
  assert.deepEqual(await client.ask("runs", null), []);
});
