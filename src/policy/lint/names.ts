/** Rules by their names and their emptiness, and the account's host. */

import { isPlainAscii } from "../../model/cells.js";
import { diagnostic } from "../../model/diagnostic.js";
import { mixedScripts, skeleton } from "../look-alike.js";
import type { PolicyRule } from "../policy.js";
import type { LintContext } from "./context.js";

const longestName = 255;

const lintLookAlikes = (context: LintContext): void => {
  const first = new Map<string, PolicyRule>();
  for (const rule of context.policy.rules) {
    const key = skeleton(rule.name);
    const other = first.get(key);
    if (other !== undefined) {
      context.report(
        diagnostic(
          "look-alike-names",
          { rule: rule.name, other: other.name, line: other.source.line },
          rule.source,
        ),
      );
      continue;
    }
    first.set(key, rule);
    const scripts = mixedScripts(rule.name);
    if (scripts === undefined) continue;
    context.report(diagnostic("look-alike-names", { rule: rule.name, scripts }, rule.source));
  }
};

const oddness = (name: string): string | undefined => {
  if (/^\s*$/u.test(name)) return "is empty";
  // Cc, Cf, Co, Cs, Zl, Zp: control, format (zero width, direction), private, surrogate, separators.
  if (!isPlainAscii(name) && /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u.test(name))
    return "contains invisible or control characters";
  if (name.trim() !== name) return "begins or ends with a space";
  return [...name].length > longestName ? `is longer than ${longestName} characters` : undefined;
};

const lintRule = (context: LintContext, rule: PolicyRule): void => {
  const odd = oddness(rule.name);
  if (odd !== undefined) {
    context.report(diagnostic("odd-name", { problem: odd }, rule.source));
  }
  // One that is written without entries is meant to be so, or an error by now.
  if (rule.entries.length > 0 || rule.expired.length === 0) return;
  context.report(diagnostic("empty-rule", { rule: rule.name }, rule.source));
};

/** Whether it is one of the old hosts that many accounts share (docs/service.md, "Hosts and authentication"). */
export const isSharedHost = (host: string): boolean =>
  /^(https?:\/\/)?([a-z0-9-]+\.)*getdbt\.com([:/]|$)/.test(host.toLowerCase());

export const lintNames = (context: LintContext): void => {
  for (const rule of context.policy.rules) lintRule(context, rule);
  lintLookAlikes(context);
  const { host, hostSource } = context.policy.account;
  if (host === undefined || !isSharedHost(host)) return;
  context.report(diagnostic("shared-host", { host }, hostSource));
};
