/**
 * Makes finished terminal text fit: the one place where a line that its renderer left whole is broken for a narrow
 * terminal. For terminals alone: in a pipe each line stays one line, so that `grep` finds what it looks for.
 */
import { colourless } from "./color-style.js";
import { cellsOf, wrap } from "./width.js";

const cellsShown = (text: string): number => cellsOf(colourless(text));

/** Blanks before what continues a line, besides the line's own. */
const hang = 4;

/**
 * Each line in at most `width` cells where its words allow that, what continues a line indented, so that no name can
 * look like a line of its own. A command to type stays in one piece, on a line of its own if need be.
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
