/** Joins and tidies POSIX paths as debug information has them: no `.`, no `..` after a name, no doubled slashes. */
export function joinPaths(...parts: readonly string[]): string {
  let path = "";
  for (const part of parts) {
    if (part === "") continue;
    path = isAbsolute(part) ? part : path === "" ? part : `${path}/${part}`;
  }
  const root = path.startsWith("/") ? "/" : "";
  const kept: string[] = [];
  for (const name of path.replaceAll("\\", "/").split("/")) {
    if (name === "" || name === ".") continue;
    const last = kept.at(-1);
    if (name !== ".." || (last === undefined ? root === "" : last === "..")) kept.push(name);
    else if (last !== undefined) kept.pop();
  }
  return root + kept.join("/");
}

export function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path);
}
