/** Rules, states, address sets and diagnostics as they stand in the document of a plan, and in every other one. */
import type { AddressSet } from "../address/address-set.js";
import { formatPrefix, type Prefix } from "../address/prefix.js";
import type { Diagnostic } from "../model/diagnostic.js";
import type { AccountState, Rule } from "../model/rule.js";
import type { AccessChange, AccessPart, Decider, Disturbance, Verdict } from "./plan.js";

export const cidrs = (prefixes: readonly Prefix[]): string[] => prefixes.map(formatPrefix);

export const ruleAsDocument = ({ name, type, description, prefixes }: Rule) => ({
  name,
  type,
  description,
  cidrs: cidrs(prefixes),
});

export const stateAsDocument = ({ enforcement, rules }: AccountState) => ({
  enforcement,
  rules: rules.map(ruleAsDocument),
});

const setAsDocument = (set: AddressSet) => {
  const { ipv4, ipv6 } = set.count();
  return { cidrs: cidrs(set.prefixes()), ipv4_addresses: `${ipv4}`, ipv6_addresses: `${ipv6}` };
};

export const accessAsDocument = ({ direction, newlyAllowed, newlyBlocked }: AccessChange) => ({
  direction,
  newly_allowed: setAsDocument(newlyAllowed),
  newly_blocked: setAsDocument(newlyBlocked),
});

export const disturbanceAsDocument = ({ blocked, allowed }: Disturbance) => ({
  blocked: setAsDocument(blocked),
  allowed: setAsDocument(allowed),
});

const deciderAsDocument = (decider: Decider) =>
  decider.kind === "entry" ? { ...decider, prefix: formatPrefix(decider.prefix) } : decider;

export const partAsDocument = ({ verdict, prefixes, before, after }: AccessPart) => ({
  verdict,
  cidrs: cidrs(prefixes),
  before: deciderAsDocument(before),
  after: deciderAsDocument(after),
});

export const diagnosticAsDocument = ({ code, severity, message, hint, source }: Diagnostic) => ({
  code,
  severity,
  message,
  ...(hint === undefined ? {} : { hint }),
  ...(source === undefined
    ? {}
    : {
        source: {
          file: source.file,
          line: source.line,
          column: source.column,
          end_line: source.endLine,
          end_column: source.endColumn,
          line_text: source.lineText,
        },
      }),
});

/** `passed` is there only where the guard was asked: what was not checked has not passed. */
export const verdictAsDocument = ({ guard, state, override, diagnostics }: Verdict) => ({
  guard,
  state,
  ...(state === "not-checked" ? {} : { passed: state !== "failed" }),
  ...(override === undefined ? {} : { override }),
  diagnostics: diagnostics.map(diagnosticAsDocument),
});
