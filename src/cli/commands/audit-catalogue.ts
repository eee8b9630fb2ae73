/** `audit events`: the event types that the documentation names. Needs no account and no token. */
import type { Command } from "commander";
import { catalogue } from "../../audit/catalogue.js";
import { eventFilter } from "../../audit/event-filter.js";
import type { Look } from "../../render/look.js";
import { jsonText } from "../../render/neutralise.js";
import { columns } from "../../render/width.js";
import { counted } from "../../render/words.js";
import type { Io } from "../io.js";
import { type OutputOptions, outputOptions } from "../options.js";
import { deliver, noteDiagnostics } from "../output.js";

const formats = ["text", "json"] as const;
type Events = typeof catalogue;

const asText = (events: Events, { style }: Look): string => {
  const lines = columns(events.map(({ type, description }) => [`  ${type}`, description]));
  const groups = new Map<string, string[]>();
  events.forEach(({ group }, index) => {
    groups.set(group, [...(groups.get(group) ?? []), lines[index] ?? ""]);
  });
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
