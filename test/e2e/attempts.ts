import { type TestContext, test } from "node:test";
import { errors } from "playwright-core";
import { TEST_MS } from "./workbench.ts";

/** One try of a test. */
export interface Attempt {
  readonly name: string;
  /** Comes at the try's end, the last one first. */
  after(done: () => void | Promise<void>): void;
  /** Prints something beside the test's result. */
  diagnostic(message: string): void;
}

/**
 * A test in a real window. Where something never came into sight it is tried once more from the start, and the first try's end
 * is printed: on a busy machine a browser has lost the page of a webview. What is there and wrong fails at once.
 */
export function windowTest(name: string, body: (attempt: Attempt) => Promise<void>): void {
  test(name, { timeout: 2 * TEST_MS }, async (t) => {
    if (await isLost(t, () => attempt(t, name, body))) await attempt(t, name, body);
  });
}

async function isLost(t: TestContext, once: () => Promise<void>): Promise<boolean> {
  try {
    await once();
    return false;
  } catch (error) {
    if (!(error instanceof errors.TimeoutError)) throw error;
    t.diagnostic(`tried once more after: ${error.message}`);
    return true;
  }
}

async function attempt(t: TestContext, name: string, body: (attempt: Attempt) => Promise<void>): Promise<void> {
  const last: (() => void | Promise<void>)[] = [];
  try {
    await body({ name, after: (done) => last.unshift(done), diagnostic: (message) => t.diagnostic(message) });
  } finally {
    for (const done of last) await done();
  }
}
