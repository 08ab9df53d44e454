import type { DirectoryNode, FileTree, TreeNode } from "../../guest/wasi/file-tree.ts";

/** A file or directory in which two trees differ. */
export interface FileDifference {
  /** In the guest. */
  readonly path: string;
  /** In one sentence. */
  readonly text: string;
}

/** Where two trees differ, in the order of their paths. Times do not count. */
export function* fileDifferences(expected: FileTree, actual: FileTree): Generator<FileDifference, undefined> {
  for (const [i, { guestPath, root }] of expected.preopens.entries()) {
    const other = actual.preopens[i];
    if (other === undefined) yield { path: guestPath, text: `${guestPath} is missing` };
    else yield* inDirectory(guestPath, root, other.root);
  }
}

function* inDirectory(path: string, expected: DirectoryNode, actual: DirectoryNode): Generator<FileDifference> {
  for (const name of [...new Set([...expected.entries.keys(), ...actual.entries.keys()])].sort()) {
    const [want, got] = [expected.entries.get(name), actual.entries.get(name)];
    const inner = `${path.replace(/\/$/, "")}/${name}`;
    if (want?.kind === "directory" && got?.kind === "directory") {
      yield* inDirectory(inner, want, got);
      continue;
    }
    const text = betweenNodes(inner, want, got);
    if (text !== undefined) yield { path: inner, text };
  }
}

function betweenNodes(path: string, want: TreeNode | undefined, got: TreeNode | undefined): string | undefined {
  if (want === undefined) return `it left ${path}, which the reference does not`;
  if (got === undefined) return `the reference left ${path}, and it does not`;
  if (want.kind === "symlink" && got.kind === "symlink") {
    return want.target === got.target ? undefined : `${path} points to ${got.target} instead of ${want.target}`;
  }
  if (want.kind !== "file" || got.kind !== "file") return `${path} is a ${got.kind} instead of a ${want.kind}`;
  if (want.content.equals(got.content)) return undefined;
  const sizes = want.content.size === got.content.size ? "" : ` (${got.content.size} bytes, not ${want.content.size})`;
  return `the file ${path} holds something else than the reference's${sizes}`;
}
