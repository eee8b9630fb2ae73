/** Plans made by hand for the renderers: an ordinary one, one full of hostile text, and small variations. */

import { AddressSet } from "../../src/address/address-set.js";
import { comparePrefixes, type Prefix, parsePrefix } from "../../src/address/prefix.js";
import type { Rule, RuleType } from "../../src/model/rule.js";
import type { AccessChange, AccessPart, Decider } from "../../src/plan/access-change.js";
import type { Disturbance, Plan, PlannedStep, Step } from "../../src/plan/plan.js";
import { saying } from "../said.js";

export const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  return parsed.prefix;
};

export const prefixes = (...texts: string[]): Prefix[] => texts.map(prefix).sort(comparePrefixes);

export const rule = (name: string, type: RuleType, texts: readonly string[], description = ""): Rule => ({
  name,
  type,
  description,
  prefixes: prefixes(...texts),
});

export const entryOf = (name: string, type: RuleType, text: string): Decider => ({
  kind: "entry",
  rule: name,
  type,
  prefix: prefix(text),
});

export const nothingMatched: Decider = { kind: "default", allowed: false };

/** The change that these parts amount to. */
export const changeOf = (...parts: AccessPart[]): AccessChange => {
  const side = (verdict: AccessPart["verdict"]): AddressSet =>
    AddressSet.ofPrefixes(parts.filter((part) => part.verdict === verdict).flatMap((part) => part.prefixes));
  const newlyAllowed = side("allowed");
  const newlyBlocked = side("blocked");
  const direction = newlyAllowed.isEmpty()
    ? newlyBlocked.isEmpty()
      ? "none"
      : "narrows"
    : newlyBlocked.isEmpty()
      ? "broadens"
      : "both";
  return { direction, newlyAllowed, newlyBlocked, parts };
};

export const getsIn = (name: string, ...texts: string[]): AccessPart => ({
  verdict: "allowed",
  prefixes: prefixes(...texts),
  before: nothingMatched,
  after: entryOf(name, "allow", texts[0] ?? "::/0"),
});

export const getsOut = (name: string, ...texts: string[]): AccessPart => ({
  verdict: "blocked",
  prefixes: prefixes(...texts),
  before: entryOf(name, "allow", texts[0] ?? "::/0"),
  after: nothingMatched,
});

const noDisturbance: Disturbance = { blocked: AddressSet.empty, allowed: AddressSet.empty };

export const planned = (
  number: number,
  step: Step,
  { disturbs = noDisturbance, access = changeOf() }: Partial<Pick<PlannedStep, "disturbs" | "access">> = {},
): PlannedStep => ({
  number,
  step,
  access,
  disturbs,
  stateHash: `sha256:${"0".repeat(63)}${number}`,
});

/** A plan between a before and an after of which only the texts matter here. */
export const planOf = (parts: Partial<Plan>): Plan => ({
  account: { id: 66847, host: "ab123.us1.dbt.com" },
  before: { enforcement: "enabled", rules: [] },
  after: { enforcement: "enabled", rules: [] },
  basis: { state: `sha256:${"a".repeat(64)}`, policy: `sha256:${"b".repeat(64)}` },
  changes: [],
  unmanaged: [],
  steps: [],
  access: { change: changeOf(), enforcedBefore: true, enforcedAfter: true },
  verdicts: [],
  diagnostics: [],
  expired: [],
  lists: [],
  expiring: [],
  ...parts,
});

/** A create, an update with a rename and both signs, an unmanaged rule: named by the caller. */
export const planWith = (names: {
  readonly vpn: string;
  readonly oldVpn: string;
  readonly partner: string;
  readonly legacy: string;
  readonly description: string;
}): Plan => {
  const before = rule(names.oldVpn, "allow", ["198.51.100.0/24", "192.0.2.44/30"], "Staff");
  const after = rule(names.vpn, "allow", ["198.51.100.0/24", "203.0.113.0/24"], names.description);
  const partner = rule(names.partner, "allow", ["2001:db8:10::/48"]);
  const legacy = rule(names.legacy, "deny", ["192.0.2.200"]);
  return planOf({
    before: { enforcement: "enabled", rules: [legacy, before] },
    after: { enforcement: "enabled", rules: [after, legacy, partner] },
    changes: [
      { kind: "create", rule: partner },
      {
        kind: "update",
        before,
        after,
        added: prefixes("203.0.113.0/24"),
        removed: prefixes("192.0.2.44/30"),
      },
    ],
    unmanaged: [{ rule: legacy, disposition: "kept" }],
    steps: [
      planned(
        1,
        { kind: "create", rule: partner },
        { access: changeOf(getsIn(names.partner, "2001:db8:10::/48")) },
      ),
      planned(
        2,
        {
          kind: "update",
          name: names.oldVpn,
          becomes: { name: names.vpn, type: "allow", description: names.description },
          add: prefixes("203.0.113.0/24"),
          remove: prefixes("192.0.2.44/30"),
        },
        { access: changeOf(getsIn(names.vpn, "203.0.113.0/24"), getsOut(names.oldVpn, "192.0.2.44/30")) },
      ),
    ],
    access: {
      change: changeOf(
        getsIn(names.vpn, "203.0.113.0/24"),
        getsIn(names.partner, "2001:db8:10::/48"),
        getsOut(names.oldVpn, "192.0.2.44/30"),
      ),
      enforcedBefore: true,
      enforcedAfter: true,
    },
    verdicts: [
      { guard: "policy-tests", state: "passed", diagnostics: [] },
      { guard: "must-allow", state: "passed", diagnostics: [] },
      {
        guard: "caller",
        state: "not-checked",
        diagnostics: [
          saying({
            code: "caller-unknown",
            severity: "note",
            message: "Your address is not known",
            hint: "Give it with --client-ip",
          }),
        ],
        override: "--allow-lockout",
      },
      {
        guard: "max-newly-allowed",
        state: "passed",
        diagnostics: [],
        override: "--allow-newly-allowed",
      },
    ],
    diagnostics: [
      saying({
        code: "expires-soon",
        severity: "warning",
        message: "198.51.100.0/24 leaves in 6 days, on 2027-01-15",
        source: {
          file: "policy.yaml",
          line: 14,
          column: 9,
          endLine: 14,
          endColumn: 24,
          lineText: "      - cidr: 198.51.100.0/24",
        },
      }),
    ],
    enabledForServiceTokens: true,
    expired: [{ rule: names.vpn, prefix: prefix("192.0.2.44/30"), expires: "2026-11-01" }],
    lists: [],
    expiring: [{ rule: names.vpn, prefix: prefix("203.0.113.0/24"), expires: "2027-06-30" }],
  });
};

export const ordinary = planWith({
  vpn: "Corporate VPN",
  oldVpn: "VPN",
  partner: "Partner",
  legacy: "Set by hand",
  description: "Staff and contractors",
});

export const hostileNames = {
  vpn: "\u001b[2J\u001b[31mVPN\u001b]8;;https://example.com\u0007\r\n::error file=a::owned\n",
  oldVpn:
    "@octocat see #1 </summary><script>alert(1)</script> <!-- --> [x](javascript:alert(1)) www.example.com",
  partner: '```\n~~~ | a | b |\n`````` =HYPERLINK("http://example.com")',
  legacy: "C\u043erporate \u202egnp.exe\u202c \u200b##[error]x ::set-output name=a::b",
  description: `${"A\u0301\u0301\u0301\u0301\u0301\u0301".repeat(2)}${"long ".repeat(2000)}`,
} as const;

export const hostile = planWith(hostileNames);

const shutsOutTheRest = changeOf({
  verdict: "blocked",
  prefixes: AddressSet.ofPrefixes(prefixes("192.0.2.0/24")).complement().prefixes(),
  before: { kind: "enforcement-off" },
  after: nothingMatched,
});

/** Everything that a plan can hold besides. */
export const everythingElse = planOf({
  before: {
    enforcement: "disabled",
    rules: [
      rule("Branch", "deny", ["192.0.2.0/24"]),
      rule("Odd", "allow", []),
      rule("Old", "deny", ["10.0.0.0/8"]),
      rule("temporary", "allow", ["0.0.0.0/0", "::/0"]),
    ],
  },
  after: {
    enforcement: "enabled",
    rules: [rule("Branch", "allow", ["192.0.2.0/24"]), rule("Odd", "allow", [])],
  },
  changes: [
    { kind: "delete", rule: rule("Old", "deny", ["10.0.0.0/8"]), reason: "unmanaged" },
    { kind: "delete", rule: rule("temporary", "allow", ["0.0.0.0/0", "::/0"]), reason: "left-over" },
    {
      kind: "update",
      before: rule("Branch", "deny", ["192.0.2.0/24"]),
      after: rule("Branch", "allow", ["192.0.2.0/24"]),
      added: [],
      removed: [],
    },
    { kind: "enforcement", before: "disabled", after: "enabled" },
  ],
  unmanaged: [
    { rule: rule("Old", "deny", ["10.0.0.0/8"]), disposition: "deleted" },
    { rule: rule("Odd", "allow", []), disposition: "refused" },
  ],
  steps: [
    planned(1, { kind: "delete", name: "Old" }),
    planned(
      2,
      {
        kind: "update",
        name: "Branch",
        becomes: { name: "Branch", type: "allow", description: "" },
        add: [],
        remove: [],
      },
      { disturbs: { blocked: AddressSet.ofPrefixes(prefixes("192.0.2.0/25")), allowed: AddressSet.empty } },
    ),
    planned(3, { kind: "enforcement", enabled: true }, { access: shutsOutTheRest }),
  ],
  access: {
    change: shutsOutTheRest,
    enforcedBefore: false,
    enforcedAfter: true,
  },
  verdicts: [
    { guard: "policy-tests", state: "passed", diagnostics: [] },
    {
      guard: "disturbance",
      state: "failed",
      diagnostics: [
        saying({
          code: "step-disturbs",
          severity: "error",
          message: "Step 2 blocks 128 IPv4 addresses that have access before and after: 192.0.2.0/25",
        }),
      ],
      override: "--accept-disturbance",
    },
  ],
});
