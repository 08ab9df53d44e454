import { readFile } from "node:fs/promises";

type ClangPackage = typeof import("@yowasp/clang");

const PACKAGE = "@yowasp/clang";

/**
 * How the package's file system writes: it copies the whole file for every 4 KiB, and an object file holds every zero of the
 * program's arrays. 64 MB of them would take minutes.
 */
const COPIES_ALL =
  /const newData = new Uint8Array\(Math\.max\(this\.file\.data\.length, offset \+ contents\.length\)\);\s*newData\.set\(this\.file\.data\);\s*newData\.subarray\(offset\)\.set\(contents\);\s*this\.file\.data = newData;/;

/** The same into room that doubles where there is none left. What lies behind a file's end may be of a longer one before. */
const GROWS = `
    const { file } = this, end = offset + contents.length, before = file.data.length;
    if (end > before) {
      if (file.data.buffer !== file.room?.buffer || end > file.room.length) {
        file.room = new Uint8Array(2 * end);
        file.room.set(file.data);
      } else if (offset > before) file.room.fill(0, before, offset);
      file.data = file.room.subarray(0, end);
    }
    file.data.set(contents, offset);`;

let loading: Promise<ClangPackage> | undefined;

/** The package with that mended; as it is where another version of it writes otherwise. */
export function loadClangPackage(): Promise<ClangPackage> {
  loading ??= load();
  return loading;
}

async function load(): Promise<ClangPackage> {
  const url = import.meta.resolve(PACKAGE);
  const text = await readFile(new URL(url), "utf8");
  if (!COPIES_ALL.test(text)) return import("@yowasp/clang");
  const mended = text.replace(COPIES_ALL, GROWS).replaceAll("import.meta.url", JSON.stringify(url));
  return import(`data:text/javascript;base64,${Buffer.from(mended).toString("base64")}`);
}
