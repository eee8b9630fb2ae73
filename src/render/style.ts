/**
 * Colours by role: the only file that imports chalk and the only one that knows escapes.
 * Promise: without colour every role returns its text unchanged, so colour never carries meaning alone.
 */
import { Chalk } from "chalk";

export type Role = "added" | "removed" | "changed" | "strong" | "faint" | "error" | "warning" | "note";

/** A function per role; each takes text that is already neutralised. */
export type Style = Readonly<Record<Role, (text: string) => string>>;

const colour = /\x1b\[[0-9;]*m/g;

export const createStyle = ({ color }: { readonly color: boolean }): Style => {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  return {
    added: (text) => chalk.green(text),
    removed: (text) => chalk.red(text),
    changed: (text) => chalk.yellow(text),
    strong: (text) => chalk.bold(text),
    faint: (text) => chalk.dim(text),
    error: (text) => chalk.bold.red(text),
    warning: (text) => chalk.bold.yellow(text),
    note: (text) => chalk.cyan(text),
  };
};

/** No colour: for files, markdown fences and machines. */
export const plainStyle: Style = createStyle({ color: false });

/** The text as a terminal shows it, colours taken off. */
export const colourless = (text: string): string => text.replace(colour, "");
