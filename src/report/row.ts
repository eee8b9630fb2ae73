/** A line of a change, with its sign apart: text puts the sign after the indentation, a diff fence in column 0. */
import { type RenderContext, type Role, wrap } from "./layout.js";

/** `!` warns; a space only informs. */
export type Sign = "+" | "-" | "~" | "!" | " ";

export interface Row {
  readonly sign: Sign;
  /** Steps of indentation. */
  readonly depth: number;
  /** Neutralised, one line. */
  readonly text: string;
  /** Access that is gained: such a row is never left out. */
  readonly broadens?: boolean;
}

const roles: Readonly<Record<Sign, Role | undefined>> = {
  "+": "added",
  "-": "removed",
  "~": "changed",
  "!": "warning",
  " ": undefined,
};

/** A row as terminal lines, wrapped, the sign in its colour. */
export const rowLines = ({ sign, depth, text }: Row, { style, width }: RenderContext): string[] => {
  const indent = "  ".repeat(depth);
  const [first = "", ...rest] = wrap(`${indent}${sign} ${text}`, width, indent.length + 4);
  const role = roles[sign];
  if (role === undefined) return [first, ...rest];
  return [`${indent}${style[role](sign)}${first.slice(indent.length + 1)}`, ...rest];
};

const diffSign = (sign: Sign): string => (sign === "~" ? "!" : sign);

/** Cells of a line in a fence before a viewer must scroll. */
export const fenceWidth = 100;

/** A row in a diff fence, a long one in several lines that all carry the sign. Viewers colour `+`, `-`, `!` in column 0. */
export const diffRow = ({ sign, depth, text }: Row): string => {
  const indent = 2 * (depth - 1);
  return wrap(`${" ".repeat(indent)}${text}`, fenceWidth, indent + 4)
    .map((line) => `${diffSign(sign)} ${line}`.trimEnd())
    .join("\n");
};
