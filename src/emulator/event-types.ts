/** Names of events: the ones of IP restrictions, their labels, and how the log's spellings compare. */

/** Without `v1.events.` in front, in lower case (docs/service.md, "Audit log"). */
export const normalEventType = (name: string): string => name.toLowerCase().replace(/^v1\.events\./, "");

/** As the earlier record shape and the routing-key filter spell it. */
export const routingKey = (type: string): string =>
  `v1.events.${type.replace(/\.([a-z])([^.]*)$/, (_, first: string, rest: string) => `.${first.toUpperCase()}${rest}`)}`;

const labels: Readonly<Record<string, string>> = {
  "ip_restrictions.toggled": "IP Restrictions Toggled",
  "ip_restrictions.rule.added": "IP Restrictions Rule Added",
  "ip_restrictions.rule.changed": "IP Restrictions Rule Changed",
  "ip_restrictions.rule.removed": "IP Restrictions Rule Removed",
  "job_definition.added": "Job Added",
  "job_definition.changed": "Job Changed",
  "job_definition.removed": "Job Removed",
};

/** For a type outside the table: its words with capitals. */
export const eventLabel = (type: string): string =>
  labels[type] ??
  type
    .split(/[._]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
