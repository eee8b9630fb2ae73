/**
 * Every lint code: its severity unless the policy's `lint:` says otherwise, and what docs/lint.md tells of it.
 * `bad` and `good` are complete `policy.yaml` examples that tests run: each `bad` fires its code on
 * `lintExampleDay`, each `good` does not.
 */
import type { Severity } from "./diagnostic.js";

export interface LintCode {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
  readonly bad: string;
  readonly good: string;
}

/** The day on which the examples are read. */
export const lintExampleDay = "2026-12-01";

/** More addresses than this let in by one entry is worth a second look: the size of an IPv4 /16. */
export const broadIPv4Length = 16;
/** The size of what a registry gives a whole provider. */
export const broadIPv6Length = 32;
/** An expiry date this near is announced. */
export const soonDays = 30;

const rule = (name: string, type: "allow" | "deny", ...cidrs: string[]): string =>
  [`  - name: ${name}`, `    type: ${type}`, "    cidrs:", ...cidrs.map((cidr) => `      - ${cidr}`)].join(
    "\n",
  );
const policy = (...rules: string[]): string => `version: 1\nrules:\n${rules.join("\n")}\n`;

export const lintCodes = [
  {
    code: "host-bits",
    severity: "error",
    title: "Bits are set below the prefix length",
    explanation:
      "`198.51.100.7/24` means the whole network `198.51.100.0/24`, or was `198.51.100.7/32` meant? The service takes it as the network. Write what you mean; the finding names both.",
    bad: policy(rule("Office", "allow", "198.51.100.7/24")),
    good: policy(rule("Office", "allow", "198.51.100.0/24")),
  },
  {
    code: "bare-any-address",
    severity: "error",
    title: "A bare `0.0.0.0` or `::` is one address",
    explanation:
      'Without a length, `0.0.0.0` is the single address `0.0.0.0/32`, which nobody ever comes from, and not "anywhere". An allow list of it locks everybody out. Write `0.0.0.0/0` for all of IPv4, and `::/0` for IPv6.',
    bad: policy(rule("Anywhere", "deny", "0.0.0.0")),
    good: policy(rule("Anywhere", "deny", "0.0.0.0/0")),
  },
  {
    code: "last-allow-expired",
    severity: "error",
    title: "The last allow entry has expired, so that everybody gets in",
    explanation:
      "With any allow entry, what matches nothing is denied; with none, it is allowed. When the last allow entry expires, this default flips and the account is open to the internet but for its deny rules. Renew an entry, or delete the allow rules to say that this is wanted. Under `enforcement: enabled` this is the error `no-allow-in-force`, and a plan for an account that is enforced fails the check `allow-in-force`; no setting lowers either.",
    bad: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2026-11-30}")),
    good: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2026-11-30}", "198.51.100.0/24")),
  },
  {
    code: "nobody-allowed",
    severity: "error",
    title: "The policy lets no address in",
    explanation:
      "Every address is denied: once enforced, nobody can reach the account, not even to undo it. Only the vendor's support can help then.",
    bad: policy(rule("Everything", "deny", '"::/0"', "0.0.0.0/0")),
    good: policy(
      rule("Everything", "deny", '"::/0"', "0.0.0.0/0"),
      rule("Office", "allow", "203.0.113.0/24"),
    ),
  },
  {
    code: "last-allow-expires-soon",
    severity: "warning",
    title: "All allow entries expire within 30 days",
    explanation:
      "Once the last one is gone, the default flips and the account is open to the internet but for its deny rules; see `last-allow-expired`.",
    bad: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2026-12-20}")),
    good: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2027-12-20}")),
  },
  {
    code: "expired-deny-opens-access",
    severity: "warning",
    title: "A deny entry has expired, and its addresses get in again",
    explanation:
      "A deny entry that expires gives its addresses back what the other entries say of them. Here that is access. If it is wanted, delete the entry; else renew it.",
    bad: policy(
      rule("Office", "allow", "203.0.113.0/24"),
      rule("Guests", "deny", "{cidr: 203.0.113.64/26, expires: 2026-11-30}"),
    ),
    good: policy(
      rule("Office", "allow", "203.0.113.0/25"),
      rule("Guests", "deny", "{cidr: 203.0.113.192/26, expires: 2026-11-30}"),
    ),
  },
  {
    code: "expired-entry",
    severity: "note",
    title: "An entry has expired",
    explanation: "Its date has come, so that it is no longer part of the policy. Delete the line.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2026-11-30}")),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2027-06-30}")),
  },
  {
    code: "expires-soon",
    severity: "warning",
    title: "An entry expires within 30 days",
    explanation:
      "From its date on, the next apply removes it. Renew it in time, or let it go. The finding says where a deny entry's end would let addresses in.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2026-12-15}")),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2027-06-30}")),
  },
  {
    code: "broad-allow",
    severity: "warning",
    title: "An allow entry lets very many addresses in",
    explanation:
      "An IPv4 prefix shorter than /16 (65,536 addresses) or an IPv6 prefix shorter than /32 is more than one organisation's network. Narrow it, or say that it is meant with `lint: {broad-allow: off}`.",
    bad: policy(rule("Provider", "allow", "198.0.0.0/8")),
    good: policy(rule("Office", "allow", "198.51.100.0/24")),
  },
  {
    code: "ipv6-covers-ipv4",
    severity: "warning",
    title: "An IPv6 prefix contains the IPv4 addresses too",
    explanation:
      "The service keeps IPv4 addresses as `::ffff:0:0/96`, so that `::/0` is taken to cover all of IPv4. That is an assumption: the service does not document it. Write `0.0.0.0/0` of the same type beside it, and nothing hangs on the assumption; or write `2000::/3` if only IPv6 is meant.",
    bad: policy(rule("Everything", "deny", '"::/0"'), rule("Office", "allow", "203.0.113.0/24")),
    good: policy(
      rule("Everything", "deny", '"::/0"', "0.0.0.0/0"),
      rule("Office", "allow", "203.0.113.0/24"),
    ),
  },
  {
    code: "special-purpose",
    severity: "warning",
    title: "An allow entry can never be the source of public traffic",
    explanation:
      "The prefix lies wholly in a block that the IANA registries list as not globally reachable: private, loopback, link-local, carrier-grade NAT, multicast and so on. No request from the internet comes from there. Behind private connectivity such an entry can be right.",
    bad: policy(rule("Office", "allow", "192.168.10.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24")),
  },
  {
    code: "documentation-range",
    severity: "note",
    title: "A prefix is reserved for documentation",
    explanation:
      "`192.0.2.0/24`, `198.51.100.0/24`, `203.0.113.0/24`, `2001:db8::/32` and `3fff::/20` stand for addresses in examples. Replace them with your own. One note a file names the first.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24")),
    good: policy(rule("Resolver", "allow", "9.9.9.9/32")),
  },
  {
    code: "shadowed-entry",
    severity: "warning",
    title: "An entry never decides, because more specific ones cover all of it",
    explanation:
      "The most specific entry wins. Where others, alone or together, cover every address of an entry, it decides for none. Often an exception was written wider than meant.",
    bad: policy(
      rule("Office", "allow", "203.0.113.0/24", "198.51.100.0/24"),
      rule("Guests", "deny", "203.0.113.0/25", "203.0.113.128/25"),
    ),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Guests", "deny", "203.0.113.128/25")),
  },
  {
    code: "redundant-entry",
    severity: "warning",
    title: "An entry could go and nothing would change",
    explanation:
      "Without it, every address would still get the same verdict, from a less specific entry or from the default. Redundant entries are found one after another, each with the ones before it already gone: all that are reported can be deleted together. Where one is useless only once another has gone, the finding says so: delete both, or neither.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24", "203.0.113.7")),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "198.51.100.7")),
  },
  {
    code: "deny-without-effect",
    severity: "warning",
    title: "A deny rule denies nothing",
    explanation:
      "Every address it names would be denied without it, mostly because an allow list exists and does not name them. As an exception from an allow entry, a deny entry must be more specific than that entry.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Attackers", "deny", "198.51.100.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Guests", "deny", "203.0.113.128/25")),
  },
  {
    code: "allow-without-effect",
    severity: "warning",
    title: "An allow rule allows nothing",
    explanation:
      "No address gets in because of it: more specific deny entries cover all of it, or other allow entries let the same addresses in anyway.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Desk", "allow", "203.0.113.7")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Branch", "allow", "198.51.100.0/24")),
  },
  {
    code: "same-prefix-in-rules",
    severity: "warning",
    title: "Two rules of one type hold the same prefix",
    explanation:
      "Both say the same of it, and deleting it in one place will not be enough. Keep it in one rule, or name a network.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Berlin", "allow", "203.0.113.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Berlin", "allow", "198.51.100.0/24")),
  },
  {
    code: "overlapping-rules",
    severity: "note",
    title: "A rule makes exceptions from another",
    explanation:
      "An entry of one rule lies inside an entry of another rule of the other type; the more specific one wins. That is often meant, and worth knowing when either rule is edited. One note for each pair of rules.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Guests", "deny", "203.0.113.128/25")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Branch", "allow", "198.51.100.0/24")),
  },
  {
    code: "adjacent-prefixes",
    severity: "note",
    title: "Prefixes of one rule can be written as one",
    explanation:
      "Together they are exactly one larger prefix. Entries with different comments or expiry dates are left alone.",
    bad: policy(rule("Office", "allow", "203.0.113.0/25", "203.0.113.128/25")),
    good: policy(rule("Office", "allow", "203.0.113.0/24")),
  },
  {
    code: "repeated-in-list",
    severity: "warning",
    title: "A text file holds a prefix twice",
    explanation:
      "The second one changes nothing. Among the entries of a rule the same is an error (`duplicate-prefix`); long lists are often put together from several sources.",
    bad: "version: 1\nnetworks:\n  partners: {file: repeated.txt}\nrules:\n  - name: Partners\n    type: allow\n    cidrs: [network: partners]\n",
    good: "version: 1\nnetworks:\n  partners: {file: partners.txt}\nrules:\n  - name: Partners\n    type: allow\n    cidrs: [network: partners]\n",
  },
  {
    code: "same-prefix-in-networks",
    severity: "warning",
    title: "Two sources of one rule hold the same prefix",
    explanation:
      "A prefix is in two networks that a rule names, or in one of them and among the rule's own entries. It counts once, and for as long as the later of the two dates says. Lists that others maintain often share a few; deleting the prefix from one of them does not remove it. One finding for each pair of sources. Twice among a rule's own entries is the error `duplicate-prefix`.",
    bad: `version: 1\nnetworks:\n  a: [203.0.113.0/24, 198.51.100.7]\n  b: [198.51.100.7]\nrules:\n${rule("Vendors", "allow", "network: a", "network: b")}\n`,
    good: `version: 1\nnetworks:\n  a: [203.0.113.0/24, 198.51.100.7]\n  b: [198.51.100.8]\nrules:\n${rule("Vendors", "allow", "network: a", "network: b")}\n`,
  },
  {
    code: "empty-rule",
    severity: "warning",
    title: "All entries of a rule have expired",
    explanation:
      "It does nothing any more, and a rule without entries need not exist on the account. (A rule that is written without entries is an error, unless it has `allow_empty: true`.)",
    bad: policy(
      rule("Office", "allow", "203.0.113.0/24"),
      rule("Guests", "deny", "{cidr: 203.0.113.64/26, expires: 2026-11-30}"),
    ),
    good: policy(
      rule("Office", "allow", "203.0.113.0/24"),
      rule("Guests", "deny", "{cidr: 203.0.113.64/26, expires: 2027-11-30}"),
    ),
  },
  {
    code: "unused-network",
    severity: "note",
    title: "A network is not used",
    explanation: "No rule, test or guard names it. Networks of include files are not reported.",
    bad: `version: 1\nnetworks:\n  office: [198.51.100.0/24]\nrules:\n${rule("Office", "allow", "203.0.113.0/24")}\n`,
    good: `version: 1\nnetworks:\n  office: [203.0.113.0/24]\nrules:\n${rule("Office", "allow", "network: office")}\n`,
  },
  {
    code: "look-alike-names",
    severity: "warning",
    title: "Two rule names look the same",
    explanation:
      "They differ only in capitals, blanks or Unicode form, so that a reader takes one for the other. The account keeps them apart.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("office", "allow", "198.51.100.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Branch", "allow", "198.51.100.0/24")),
  },
  {
    code: "odd-name",
    severity: "warning",
    title: "A rule's name cannot be seen for what it is",
    explanation:
      "It holds invisible or control characters or characters that reverse the direction of text, begins or ends with a blank, is blank altogether, or is longer than 255 characters.",
    bad: policy(rule('"Office "', "allow", "203.0.113.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24")),
  },
  {
    code: "shared-host",
    severity: "warning",
    title: "The host is a shared one, whose end was announced",
    explanation:
      "`*.getdbt.com` hosts are shared by many accounts and were to be switched off from 2026-11-01. Use the account's own access URL, such as `ab123.us1.dbt.com`; it is shown in the account's settings.",
    bad: `version: 1\naccount:\n  host: cloud.getdbt.com\nrules:\n${rule("Office", "allow", "203.0.113.0/24")}\n`,
    good: `version: 1\naccount:\n  host: ab123.us1.dbt.com\nrules:\n${rule("Office", "allow", "203.0.113.0/24")}\n`,
  },
] as const satisfies readonly LintCode[];

export type LintCodeName = (typeof lintCodes)[number]["code"];

const byCode: ReadonlyMap<string, LintCode> = new Map(lintCodes.map((entry) => [entry.code, entry]));

/** The severity that a policy's `lint:` gives a code, or its own. */
export const lintSeverity = (
  code: LintCodeName,
  settings: Readonly<Record<string, Severity | "off">>,
): Severity | "off" => {
  if (Object.hasOwn(settings, code)) return settings[code] ?? "off";
  return byCode.get(code)?.severity ?? "warning";
};
