/**
 * What a text is marked for, by role. Promise: without colour every role returns its text unchanged, so colour never
 * carries meaning alone. The colours themselves are in color-style.ts.
 */

export type Role = "added" | "removed" | "changed" | "strong" | "faint" | "error" | "warning" | "note";

/** A function per role; each takes text that is already neutralised. */
export type Style = Readonly<Record<Role, (text: string) => string>>;

const asItIs = (text: string): string => text;

/** No colour: for files, markdown fences, machines and programs of one's own. */
export const plainStyle: Style = {
  added: asItIs,
  removed: asItIs,
  changed: asItIs,
  strong: asItIs,
  faint: asItIs,
  error: asItIs,
  warning: asItIs,
  note: asItIs,
};
