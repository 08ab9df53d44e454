let translations: Readonly<Record<string, string>> = {};

/** Translations by the English text, as the editor has them. */
export function setTranslations(strings: Readonly<Record<string, string>>): void {
  translations = strings;
}

/** A text of the page in the user's language; `{0}`, `{1}` ... stand for the arguments. */
export function t(english: string, ...args: readonly (string | number)[]): string {
  const text = translations[english] ?? english;
  return text.replace(/\{(\d)\}/g, (whole, index) => String(args[Number(index)] ?? whole));
}

/** The last part of a path. */
export function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
}
