/** The event types of the audit log, for people: grouped, each with what it means. */
import type { catalogue } from "../audit/catalogue.js";
import type { Look } from "./look.js";
import { padCells, wrap } from "./width.js";
import { counted } from "./words.js";

export const renderEventTypesText = (events: typeof catalogue, { style, width }: Look): string => {
  const typeCells = Math.max(...events.map(({ type }) => type.length)) + 4;
  const groups = new Map<string, string[]>();
  for (const { group, type, description } of events) {
    const [first = "", ...more] = wrap(`${" ".repeat(typeCells)}${description}`, width, typeCells);
    const line = `  ${padCells(type, typeCells - 2)}${first.trimStart()}`;
    groups.set(group, [...(groups.get(group) ?? []), line, ...more]);
  }
  const blocks = [...groups].map(([group, own]) => [style.strong(group), ...own, ""].join("\n"));
  return `${[...blocks, `${counted(events.length, "event type")}.`].join("\n")}\n`;
};
