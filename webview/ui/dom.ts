type Child = Node | string | undefined;

/** An element with attributes (`class`, `aria-label`, ...) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  for (const child of children) if (child !== undefined) made.append(child);
  return made;
}

/** Sets a style property that the page's policy would refuse in a `style` attribute. */
export function styled<E extends HTMLElement>(made: E, properties: Readonly<Record<string, string>>): E {
  for (const [key, value] of Object.entries(properties)) made.style.setProperty(key, value);
  return made;
}
