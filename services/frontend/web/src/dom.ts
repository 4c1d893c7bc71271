// Builds elements. Strings become text nodes: nothing that comes from outside is ever read as markup.

export type Child = Node | string | undefined | null | false;
type Attributes = Record<string, string | boolean | undefined>;

/** An element with attributes (`false` and `undefined` leave one out) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child instanceof Node || (typeof child === 'string' && child !== '')) as (Node | string)[]);
  return made;
}

/** A button that does something. */
export function button(className: string, onClick: (event: MouseEvent) => void, ...children: Child[]): HTMLButtonElement {
  const made = element('button', { type: 'button', class: className }, ...children);
  made.addEventListener('click', onClick);
  return made;
}

/** The element of the page with this id; the page has it. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Whether people asked for less movement. */
export const isCalm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Whether list and map stand above each other, as on a phone. */
export const isNarrow = (): boolean => matchMedia('(max-width: 760px)').matches;
