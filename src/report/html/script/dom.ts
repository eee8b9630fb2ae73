/** Elements in one expression. Text is always text: nothing here parses HTML. */

export type Child = Node | string | undefined | false;

interface Attributes {
  readonly class?: string | undefined;
  readonly [name: string]: string | undefined;
}

/** An element with attributes and children; absent children and attributes are left out. */
export const element = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
};

/** Throws where the page has no such element: page and script are made together. */
export const find = <Found extends Element>(
  root: ParentNode,
  selector: string,
  type: new (...args: never) => Found,
): Found => {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
};

export const button = (text: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement => {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
};
