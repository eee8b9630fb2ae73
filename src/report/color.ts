/** Colours by role: the only file that imports chalk and the only one that knows escapes. */
import { Chalk } from "chalk";
import { cellsOf } from "../model/cells.js";
import { plainStyle, type Style, wrap } from "./layout.js";

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

const cellsShown = (text: string): number => cellsOf(colourless(text));

/** Spaces before what continues a line, in addition to the line's own. */
const hang = 4;

/**
 * Each line in at most `width` cells where its words allow that, what continues a line indented, so that no name can
 * look like a line of its own. A command to type stays in one piece, on a line of its own if need be. For terminals alone:
 * in a pipe each line stays one line, so that `grep` finds what it looks for.
 */
export const fitLines = (text: string, width: number): string =>
  text
    .split("\n")
    .flatMap((line) => {
      if (line.length <= width) return [line];
      const lead = /^ */.exec(line)?.[0].length ?? 0;
      return wrap(line, width, lead + hang, cellsShown);
    })
    .join("\n");
