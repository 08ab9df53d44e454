import type { SourceLanguage } from "./blank-text.ts";

/** What a program calls functions of the checkpoint interface. */
export interface VelocNames {
  /** Matches the name of a call that protects memory, then its opening parenthesis. */
  readonly protect: RegExp;
  /** Of a call that begins checkpointing. */
  readonly begin: RegExp;
  /** Of one that takes a checkpoint or restores from one. */
  readonly checkpoint: RegExp;
  readonly restart: RegExp;
}

const C_NAMES: VelocNames = {
  protect: /\bVELOC_(?:Mem|Region)_protect\s*\(/g,
  begin: /\bVELOC_Init(?:_single)?\s*\(/g,
  checkpoint: /\bVELOC_(?:Checkpoint|Restart|Recover)\w*\s*\(/g,
  restart: /\bVELOC_Restart(?:_begin)?\s*\(/g,
};

/** @param text the text as it is: imports name their modules in strings */
export function velocNames(text: string, language: SourceLanguage): VelocNames {
  if (language === "c") return C_NAMES;
  const imports = readImports(text);
  const call = (names: readonly string[]): RegExp => {
    const known = names.flatMap((name) => imports.localNames(name));
    return new RegExp(String.raw`(?<![\w$.])(?:${known.map(escapeName).join("|") || "(?!)"})\s*\(`, "g");
  };
  return {
    protect: call(["protect", "memProtect", "regionProtect"]),
    begin: call(["initSingle"]),
    checkpoint: call(["checkpoint", "checkpointBegin", "restart", "restartBegin", "restartTest", "recoverMem"]),
    restart: call(["restart", "restartBegin"]),
  };
}

/** How to call a function of the SDK in a text, and what has to be inserted to import it. */
export interface ImportedName {
  readonly name: string;
  readonly edit: { readonly offset: number; readonly text: string } | undefined;
}

/** @param callee a function of the SDK's `veloc.ts`, such as `memProtect` */
export function importedName(text: string, callee: string): ImportedName {
  const imports = readImports(text);
  const [known] = imports.localNames(callee);
  if (known !== undefined) return { name: known, edit: undefined };
  const edit =
    imports.listEnd === undefined
      ? { offset: 0, text: `import { ${callee} } from "veloc";\n` }
      : { offset: imports.listEnd, text: `${imports.listIsEmpty ? " " : ", "}${callee}` };
  return { name: callee, edit };
}

interface Imports {
  /** What a function of the SDK is called here: none, or several names. */
  localNames(name: string): readonly string[];
  /** After the last name of a list of imports; undefined where there is none. */
  readonly listEnd: number | undefined;
  readonly listIsEmpty: boolean;
}

const IMPORT = /^[ \t]*import\s+(?:\*\s+as\s+([\w$]+)|\{([^}]*)\})\s+from\s+["'](?:~lib\/)?veloc["']/gm;

function readImports(text: string): Imports {
  const spaces: string[] = [];
  const names = new Map<string, string>();
  let listEnd: number | undefined;
  let listIsEmpty = false;
  for (const match of text.matchAll(IMPORT)) {
    const [whole, space, list] = match;
    if (space !== undefined) spaces.push(space);
    if (list === undefined) continue;
    const kept = list.replace(/[\s,]*$/, "");
    listEnd = match.index + whole.indexOf("{") + 1 + kept.length;
    listIsEmpty = kept === "";
    for (const one of list.split(",")) {
      const [, name, local] = /^\s*([\w$]+)(?:\s+as\s+([\w$]+))?\s*$/.exec(one) ?? [];
      if (name !== undefined) names.set(name, local ?? name);
    }
  }
  return {
    localNames: (name) => [
      ...(names.has(name) ? [names.get(name) ?? name] : []),
      ...spaces.map((space) => `${space}.${name}`),
    ],
    listEnd,
    listIsEmpty,
  };
}

function escapeName(name: string): string {
  return name.replaceAll(/[$.]/g, String.raw`\$&`);
}
