import { dirname, join } from "node:path";
import { readIfPresent } from "./user-files.ts";

/** What a set of C and C++ sources consists of. */
export interface SourceSet {
  /** Texts of the sources and of every header of the user's that they may include, by absolute path. */
  readonly files: ReadonlyMap<string, string>;
  /** Names in `<...>` or `"..."` that were found nowhere: the compiler's own headers, or missing ones. */
  readonly external: ReadonlySet<string>;
}

/** `#include`, `#include_next`, `#import`, `#embed`, and macros or `__has_include` whose value is a header's name. */
const INCLUDE = /^[ \t]*#[ \t]*(?:include|include_next|import|embed)[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)/gm;
const NAMED_BY_MACRO = /^[ \t]*#[ \t]*define[ \t]+\w+[ \t]+(?:"([^"\n]+)"|<([^>\n]+)>)[ \t]*$/gm;
const HAS_INCLUDE = /__has_(?:include|embed)[ \t]*\([ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)/g;

/**
 * Follows the includes of the sources, whatever `#if` they stand under: a file too many does no harm, one too few would.
 * @param sources texts by absolute path
 * @param includeDirectories the user's, absolute, in order
 */
export function collectIncludes(
  sources: ReadonlyMap<string, string>,
  includeDirectories: readonly string[],
): SourceSet {
  const files = new Map(sources);
  const external = new Set<string>();
  const pending = [...sources.keys()];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const { name, quoted } of namesIn(files.get(path) ?? "")) {
      const directories = quoted ? [dirname(path), ...includeDirectories] : includeDirectories;
      let found = false;
      for (const directory of directories) {
        const candidate = join(directory, name);
        const known = files.has(candidate);
        const text = known ? undefined : readIfPresent(candidate);
        if (text !== undefined) {
          files.set(candidate, text);
          pending.push(candidate);
        }
        if (known || text !== undefined) {
          found = true;
          break;
        }
      }
      if (!found) external.add(name);
    }
  }
  return { files, external };
}

function namesIn(text: string): { name: string; quoted: boolean }[] {
  // A line that goes on after a backslash is one line to the preprocessor.
  const joined = text.replaceAll(/\\\r?\n/g, "").replaceAll("\r", "");
  return [INCLUDE, NAMED_BY_MACRO, HAS_INCLUDE].flatMap((pattern) =>
    Array.from(joined.matchAll(pattern), (match) => ({ name: match[1] ?? match[2], quoted: match[1] !== undefined })),
  );
}
