/** Colours by role: the only file that imports chalk and the only one that knows escapes. */
import { Chalk } from "chalk";
import { plainStyle, type Style } from "./style.js";

export const createStyle = ({ color }: { readonly color: boolean }): Style => {
  if (!color) return plainStyle;
  const chalk = new Chalk({ level: 1 });
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

const colour = /\x1b\[[0-9;]*m/g;

/** The text as a terminal shows it, colours taken off. */
export const colourless = (text: string): string => text.replace(colour, "");
