/** What an image's file or buffer is called: its place in the order of commits. */
export function imageName(sequence: number): string {
  return `${String(sequence).padStart(10, "0")}.image`;
}

/** The file that becomes it. */
export function temporaryName(sequence: number): string {
  return `${String(sequence).padStart(10, "0")}.part`;
}

const IMAGE_NAME = /^(\d{10,})\.(image|part)$/;

/** @returns undefined for what is none of these names */
export function readName(name: string): { readonly sequence: number; readonly isTemporary: boolean } | undefined {
  const match = IMAGE_NAME.exec(name);
  return match === null ? undefined : { sequence: Number(match[1]), isTemporary: match[2] === "part" };
}
