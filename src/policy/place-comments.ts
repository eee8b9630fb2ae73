/**
 * The YAML library hands all comments behind a list to the innermost list that has just ended, also those that are further
 * left and about what comes next:
 *
 *     cidrs:
 *       - 203.0.113.7
 *       # - 203.0.113.8      belongs to the list
 *
 *     # about the next rule  belongs to the next rule
 *
 * Here each is given to what its indentation says.
 */
import {
  type Document,
  isCollection,
  isNode,
  isPair,
  type Node,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

export type Collection = YAMLMap | YAMLSeq;

/** A collection around the comment, and what comes next in it after the part that holds the comment. */
interface Level {
  readonly collection: Collection;
  readonly column: number;
  readonly next: Node | undefined;
}

interface Line {
  /** Undefined: blank. */
  readonly comment: string | undefined;
  readonly indent: number;
}

export const columnOf = (text: string, offset: number): number =>
  offset - text.lastIndexOf("\n", offset - 1) - 1;

const linesOf = (text: string, start: number, end: number): Line[] => {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  return text
    .slice(from, end)
    .split("\n")
    .flatMap((line, index): Line[] => {
      const hash = line.indexOf("#", index === 0 ? start - from : 0);
      if (hash >= 0) return [{ comment: line.slice(hash + 1), indent: hash }];
      return line.trim() === "" ? [{ comment: undefined, indent: 0 }] : [];
    });
};

/** From the inside out. */
const levelsAround = (text: string, node: Collection, path: readonly unknown[]): Level[] => {
  const levels: Level[] = [];
  let child: unknown = node;
  for (const parent of path.toReversed()) {
    if (isCollection(parent)) {
      const collection = parent as Collection; // the collections of a parsed document are maps and lists
      const items: readonly unknown[] = collection.items;
      const after = items[items.indexOf(child) + 1];
      const next: unknown = isPair(after) ? after.key : after;
      const column = columnOf(text, collection.range?.[0] ?? 0);
      levels.push({ collection, column, next: isNode(next) ? next : undefined });
    }
    child = parent;
  }
  return levels;
};

/** The level of a comment: the innermost that is not further right, unless it has ended and an equal one continues. */
const levelOf = (levels: readonly Level[], indent: number): Level | undefined => {
  const at = levels.findIndex(({ column }) => column <= indent);
  const level = levels[at];
  const outer = levels[at + 1];
  if (level === undefined || level.next !== undefined || outer?.column !== level.column) return level;
  return outer;
};

const joined = (lines: readonly Line[]): string => lines.map(({ comment }) => comment ?? "").join("\n");

const place = ({ collection, next }: Level, lines: readonly Line[], spaced: boolean): void => {
  const text = joined(lines);
  if (next === undefined) {
    const before = collection.comment ? `${collection.comment}\n${spaced ? "\n" : ""}` : "";
    collection.comment = before + text.trimEnd();
    return;
  }
  next.commentBefore = next.commentBefore ? `${text}\n${next.commentBefore}` : text;
  if (spaced) next.spaceBefore = true;
};

const trimEnd = (lines: readonly Line[]): readonly Line[] =>
  lines.slice(0, lines.findLastIndex(({ comment }) => comment !== undefined) + 1);

const rehome = (text: string, node: Collection, path: readonly unknown[]): void => {
  const [start, valueEnd, end] = node.range ?? [0, 0, 0];
  const lines = linesOf(text, valueEnd, end);
  const column = columnOf(text, start);
  const split = lines.findIndex(({ comment, indent }) => comment !== undefined && indent < column);
  if (split < 0) return;
  const levels = levelsAround(text, node, path);
  const groups: { level: Level; lines: Line[]; spaced: boolean }[] = [];
  for (const [offset, line] of lines.slice(split).entries()) {
    const last = groups.at(-1);
    const level = line.comment === undefined ? last?.level : levelOf(levels, line.indent);
    if (level === undefined) return;
    if (last?.level === level) last.lines.push(line);
    else {
      const spaced = lines[split + offset - 1]?.comment === undefined && split + offset > 0;
      groups.push({ level, lines: [line], spaced });
    }
  }
  const own = trimEnd(lines.slice(0, split));
  node.comment = own.length === 0 ? null : joined(own);
  for (const { level, lines: group, spaced } of groups) place(level, trimEnd(group), spaced);
};

/** `document` was parsed from `text`, and not changed since. */
export const placeComments = (document: Document, text: string): void => {
  visit(document, {
    Collection: (_, node, path) => {
      if (node.comment && !node.flow) rehome(text, node as Collection, path); // as above
    },
  });
};
