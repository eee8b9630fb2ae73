/**
 * The account as `dbt-ip-rules show --format json` prints it, as a seed: so that a change of the real account is
 * rehearsed on a copy of it. What it makes is checked as any seed is; this only gives things their other names.
 */

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Disabled entries come along: they count for the service's own checks. */
const cidrsOf = (rule: Readonly<Record<string, unknown>>): unknown[] => [
  ...list(rule["entries"]).map((entry) => record(entry)["text"]),
  ...list(rule["disabled_entries"]).map((entry) => ({ cidr: record(entry)["text"], enabled: false })),
];

/** Whether a file is such a document; its content may still be wrong. */
export const isAccountDocument = (value: unknown): boolean =>
  record(value)["format"] === "dbt-ip-rules/account";

/** Not checked yet. Of what is of another version, or has lost its rules, it makes no empty account but no seed. */
export const seedOfAccount = (value: unknown): unknown => {
  const account = record(value);
  if (account["version"] !== 1) return { version: account["version"] };
  if (!Array.isArray(account["rules"])) return { rules: null };
  const held = account["enabled_for_service_tokens"];
  return {
    enabled: account["enforcement"] === "enabled",
    ...(held === undefined ? {} : { enabled_for_service_tokens: held }),
    rules: list(account["rules"]).map((item) => {
      const rule = record(item);
      const { id, name, type, description } = rule;
      return { id, name, type, ...(description === "" ? {} : { description }), cidrs: cidrsOf(rule) };
    }),
  };
};
