import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { COMMITS, COPIERS, ENVIRONMENTS } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUE_IDS, TECHNIQUES } from "../../../src/checkpoint/techniques.ts";

const root = join(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "package.json"), "utf8");
const { contributes } = JSON.parse(text) as {
  contributes: {
    commands: { command: string; category: string; icon?: string; enablement?: string }[];
    configuration: { title: string; properties: Record<string, { enum?: string[] }> }[];
    walkthroughs: { steps: { id: string; media: { markdown: string }; completionEvents: string[] }[] }[];
  };
};
const strings = JSON.parse(readFileSync(join(root, "package.nls.json"), "utf8")) as Record<string, string>;
const settings = Object.assign({}, ...contributes.configuration.map(({ properties }) => properties)) as Record<
  string,
  { enum?: string[] }
>;

describe("the extension's manifest", () => {
  it("offers every technique, environment and option that there is", () => {
    const choices = (name: string) => settings[`checkpointLens.machine.${name}`].enum;
    assert.deepEqual(
      choices("technique"),
      TECHNIQUE_IDS,
      `"enum" of checkpointLens.machine.technique in package.json must be ${JSON.stringify(TECHNIQUE_IDS)}`,
    );
    assert.deepEqual(choices("environment"), [...ENVIRONMENTS]);
    assert.deepEqual(choices("copy"), [...COPIERS]);
    assert.deepEqual(choices("commit"), [...COMMITS]);
  });

  it("has what techniques say of themselves among the strings to translate", () => {
    const bundle = JSON.parse(readFileSync(join(root, "l10n/bundle.l10n.json"), "utf8")) as Record<string, string>;
    for (const { id, summary } of TECHNIQUES) {
      assert.equal(
        bundle[summary],
        summary,
        `the summary of ${id} is not in l10n/bundle.l10n.json: npm run build writes it`,
      );
    }
  });

  it("has at most 15 settings, in groups", () => {
    assert.ok(Object.keys(settings).length <= 15);
    for (const { title, properties } of contributes.configuration) {
      assert.ok(title !== "" && Object.keys(properties).length > 0);
    }
  });

  it("has each of its strings, and no others", () => {
    const used = new Set([...text.matchAll(/"%([^%"]+)%"/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), Object.keys(strings).sort());
  });

  it("gives every command a category and an icon, and does what it contributes", () => {
    const wiring = readFileSync(join(root, "src/extension.ts"), "utf8");
    for (const { command, category, icon } of contributes.commands) {
      assert.equal(category, "Checkpoint Lens");
      assert.match(icon ?? "", /^\$\([a-z-]+\)$/, command);
      assert.ok(wiring.includes(`command("${command.replace("checkpointLens.", "")}"`), command);
    }
  });

  it("runs a program while something else has the keyboard, and opens a sample beside the walkthrough", () => {
    const run = contributes.commands.find(({ command }) => command === "checkpointLens.run");
    assert.match(run?.enablement ?? "", /\|\| checkpointLens\.hasRun$/);
    assert.match(strings["walkthrough.sample.description"], /\(command:toSide:checkpointLens\.openSample\)/);
  });

  it("marks a step of its walkthrough as done by whatever the step offers", () => {
    for (const { id, completionEvents } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      const offered = strings[`walkthrough.${id}.description`].matchAll(/\(command:(?:toSide:)?([\w.]+)\)/g);
      const done = completionEvents.includes("onContext:checkpointLens.hasRun")
        ? ["checkpointLens.run"]
        : completionEvents.map((event) => event.replace("onCommand:", ""));
      assert.deepEqual([...offered].map(([, command]) => command).sort(), done.sort(), id);
    }
  });

  it("has the pages of its walkthrough", () => {
    for (const { steps } of contributes.walkthroughs) {
      for (const { media } of steps) assert.ok(existsSync(join(root, media.markdown)), media.markdown);
    }
  });
});
