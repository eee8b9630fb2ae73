/** `audit events`: the event types that the documentation names. Needs no account and no token. */
import type { Command } from "commander";
import { catalogue } from "../../audit/catalogue.js";
import { eventFilter } from "../../audit/event-filter.js";
import type { Look } from "../../render/look.js";
import { jsonText } from "../../render/neutralise.js";
import { padCells, wrap } from "../../render/width.js";
import { counted } from "../../render/words.js";
import type { Io } from "../io.js";
import { type OutputOptions, outputOptions } from "../options.js";
import { deliver, noteDiagnostics } from "../output.js";

const formats = ["text", "json"] as const;
type Events = typeof catalogue;

const asText = (events: Events, { style, width }: Look): string => {
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

const asJson = (events: Events): string =>
  jsonText({ format: "dbt-ip-rules/audit-event-types", version: 1, events });

export const configureEvents = (command: Command, io: Io): void => {
  outputOptions(command, formats)
    .argument("[types...]", "only these: a type, a glob such as ip_restrictions.*, or a group")
    .action(async (typed: readonly string[], options: OutputOptions<(typeof formats)[number]>) => {
      const filter = eventFilter(typed);
      noteDiagnostics(io, filter.diagnostics, options);
      const events = catalogue.filter(({ type }) => filter.matches(type));
      await deliver(io, options, { text: (look) => asText(events, look), json: () => asJson(events) });
    });
};
