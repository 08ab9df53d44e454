import type { DirectoryNode, FileTree, TreeNode } from "../../guest/wasi/file-tree.ts";

/** The first file or directory in which two trees differ, in one sentence; undefined when there is none. Times do not count. */
export function fileDifference(expected: FileTree, actual: FileTree): string | undefined {
  for (const [i, { guestPath, root }] of expected.preopens.entries()) {
    const other = actual.preopens[i];
    const difference = other === undefined ? `${guestPath} is missing` : inDirectory(guestPath, root, other.root);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function inDirectory(path: string, expected: DirectoryNode, actual: DirectoryNode): string | undefined {
  for (const name of [...new Set([...expected.entries.keys(), ...actual.entries.keys()])].sort()) {
    const [want, got] = [expected.entries.get(name), actual.entries.get(name)];
    const difference = betweenNodes(`${path.replace(/\/$/, "")}/${name}`, want, got);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function betweenNodes(path: string, want: TreeNode | undefined, got: TreeNode | undefined): string | undefined {
  if (want === undefined) return `it left ${path}, which the reference does not`;
  if (got === undefined) return `the reference left ${path}, and it does not`;
  if (want.kind === "directory" && got.kind === "directory") return inDirectory(path, want, got);
  if (want.kind === "symlink" && got.kind === "symlink") {
    return want.target === got.target ? undefined : `${path} points to ${got.target} instead of ${want.target}`;
  }
  if (want.kind !== "file" || got.kind !== "file") return `${path} is a ${got.kind} instead of a ${want.kind}`;
  if (want.content.equals(got.content)) return undefined;
  const sizes = want.content.size === got.content.size ? "" : ` (${got.content.size} bytes, not ${want.content.size})`;
  return `the file ${path} holds something else than the reference's${sizes}`;
}
