import * as vscode from "vscode";

export const SECTION = "checkpointLens";

/** What the text after a line may say, in the order in which it is said. */
export const LINE_ITEMS = ["share", "time", "cycles", "traps", "pages", "stores"] as const;
export type LineItem = (typeof LINE_ITEMS)[number];

export interface ProgramSettings {
  readonly arguments: readonly string[];
  /** Sources that make one program, the first being what it is called by; relative to the workspace's folder. */
  readonly sources: readonly string[];
  readonly includeDirectories: readonly string[];
  readonly compilerArguments: readonly string[];
  readonly maxMemoryMiB: number;
  /** When programs run by themselves. `ahead`: when opened and saved, shown to nobody. `onSave`: and shown where they were before. */
  readonly rerun: "off" | "ahead" | "onSave";
}

export interface InlineSettings {
  readonly enabled: boolean;
  /** Share of the overhead from which a line is marked, from 0 to 1. */
  readonly threshold: number;
  readonly items: readonly LineItem[];
  readonly codeLens: boolean;
}

/** What a setting of another type than the manifest says becomes: its default. */
export function programSettings(scope: vscode.Uri | undefined): ProgramSettings {
  const settings = vscode.workspace.getConfiguration(SECTION, scope);
  return {
    arguments: texts(settings.get("program.arguments")),
    sources: texts(settings.get("program.sources")),
    includeDirectories: texts(settings.get("program.includeDirectories")),
    compilerArguments: texts(settings.get("program.compilerArguments")),
    maxMemoryMiB: positive(settings.get("program.maxMemory"), 1024),
    rerun: oneOf(["off", "ahead", "onSave"], settings.get("program.rerun"), "ahead"),
  };
}

export function inlineSettings(scope: vscode.Uri | undefined): InlineSettings {
  const settings = vscode.workspace.getConfiguration(SECTION, scope);
  const items = texts(settings.get("inlineCosts.show"));
  return {
    enabled: settings.get("inlineCosts.enabled") !== false,
    threshold: positive(settings.get("inlineCosts.threshold"), 0) / 100,
    items: LINE_ITEMS.filter((item) => items.includes(item)),
    codeLens: settings.get("codeLens.enabled") !== false,
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : [];
}

function positive(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : otherwise;
}

/** The value where it is one of the choices. */
export function oneOf<T extends string>(choices: readonly T[], value: unknown, otherwise: T): T {
  return choices.find((choice) => choice === value) ?? otherwise;
}
