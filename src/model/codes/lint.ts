/**
 * The codes of lint: what is valid and probably not intended. `bad` and `good` are complete `policy.yaml` examples
 * that tests run: each `bad` has its finding on `lintExampleDay`, each `good` does not.
 */
import { onOrAt } from "../time.js";
import { asCode, listed } from "../words.js";
import { lintCode } from "./code.js";

/** The day on which the examples are read. */
export const lintExampleDay = "2026-12-01";

/** An entry that allows more addresses than this is worth a second look: the size of an IPv4 /16. */
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

/** Another finding, once whose entry is gone this one holds too. */
export interface Once {
  readonly once: string | undefined;
}

const onceGone = (once: string | undefined): string => (once === undefined ? "" : ` once ${once} is gone`);

/** Where deleting one alone would change who is allowed. */
const deleteBoth = "Delete both, or neither: without the other, this one still has an effect";

/** Where an entry of a rule comes from. */
const holder = (network: string | undefined): string =>
  network === undefined ? "an entry of its own" : `the network ${asCode(network)}`;

export const lintCodes = {
  "host-bits": lintCode<{ text: string; length: string; network: string; address: string }>({
    severity: "error",
    message: ({ text, length }) => `\`${text}\` has bits set below its length ${length}`,
    hint: ({ network, address }) => `Write the network ${network}, or the one address ${address}`,
    title: "Bits are set below the prefix length",
    explanation:
      "Is the network `198.51.100.0/24` meant, which the service takes it for, or the address `198.51.100.7/32`? Write which.",
    bad: policy(rule("Office", "allow", "198.51.100.7/24")),
    good: policy(rule("Office", "allow", "198.51.100.0/24")),
  }),
  "bare-any-address": lintCode<{ text: string; is: string; everything: string }>({
    severity: "error",
    message: ({ text, is }) => `A bare \`${text}\` is the single address ${is}, not every address`,
    hint: ({ everything }) => `Did you mean \`${everything}\`?`,
    title: "A bare `0.0.0.0` or `::` is one address",
    explanation:
      "Nobody ever comes from it, so an allow list of it blocks everybody. Write `0.0.0.0/0` for all of IPv4, `::/0` for IPv6.",
    bad: policy(rule("Anywhere", "deny", "0.0.0.0")),
    good: policy(rule("Anywhere", "deny", "0.0.0.0/0")),
  }),
  "last-allow-expired": lintCode<{ prefix: string; rule: string; expired: string }>({
    severity: "error",
    message: ({ prefix, rule, expired }) =>
      `The last allow entry, ${prefix} in \`${rule}\`, expired ${onOrAt(expired)}: without any, every address that is not denied is allowed`,
    hint: "Renew an allow entry; if everybody should have access, delete the allow rules",
    title: "The last allow entry has expired, so everybody is allowed",
    explanation:
      "Without any allow entry, what no entry matches is allowed. With enforcement on, this is the error `no-allow-in-force`, which no setting lowers.",
    bad: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2026-11-30}")),
    good: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2026-11-30}", "198.51.100.0/24")),
  }),
  "nobody-allowed": lintCode({
    severity: "error",
    message: "The policy allows no address: once it is enforced, nobody can reach the account",
    hint: "Add an allow entry that is more specific than the deny entries that cover it",
    title: "The policy allows no address",
    explanation: "Once it is enforced, nobody can even undo it: only dbt support can help then.",
    bad: policy(rule("Everything", "deny", '"::/0"', "0.0.0.0/0")),
    good: policy(
      rule("Everything", "deny", '"::/0"', "0.0.0.0/0"),
      rule("Office", "allow", "203.0.113.0/24"),
    ),
  }),
  "last-allow-expires-soon": lintCode<{ expires: string }>({
    severity: "warning",
    message: ({ expires }) =>
      `All allow entries expire by ${expires}: without any, every address that is not denied is allowed`,
    hint: "Renew one in time, or add one without a date",
    title: "All allow entries expire within 30 days",
    explanation: "Then everybody is allowed: see `last-allow-expired`.",
    bad: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2026-12-20}")),
    good: policy(rule("Audit", "allow", "{cidr: 203.0.113.0/24, expires: 2027-12-20}")),
  }),
  "expired-deny-opens-access": lintCode<{ prefix: string; rule: string; expired: string; addresses: string }>(
    {
      severity: "warning",
      message: ({ prefix, rule, expired, addresses }) =>
        `The deny entry ${prefix} in \`${rule}\` expired ${onOrAt(expired)}: ${addresses} are allowed again`,
      hint: "Renew it if they should stay blocked; delete it if they should be allowed",
      title: "A deny entry has expired, and its addresses are allowed again",
      explanation: "Renew the entry if they should stay blocked, else delete it.",
      bad: policy(
        rule("Office", "allow", "203.0.113.0/24"),
        rule("Guests", "deny", "{cidr: 203.0.113.64/26, expires: 2026-11-30}"),
      ),
      good: policy(
        rule("Office", "allow", "203.0.113.0/25"),
        rule("Guests", "deny", "{cidr: 203.0.113.192/26, expires: 2026-11-30}"),
      ),
    },
  ),
  "expired-entry": lintCode<{ prefix: string; rule: string; expired: string }>({
    severity: "note",
    message: ({ prefix, rule, expired }) =>
      `${prefix} in \`${rule}\` expired ${onOrAt(expired)} and is no longer part of the policy`,
    hint: "Delete it, or renew its date",
    title: "An entry has expired",
    explanation: "It is no longer part of the policy. Delete the line.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2026-11-30}")),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2027-06-30}")),
  }),
  "disabled-entry-expires": lintCode<{ prefix: string; rule: string; expires: string }>({
    severity: "note",
    message: ({ prefix, rule, expires }) =>
      `${prefix} in \`${rule}\` has no effect now, and will be removed ${onOrAt(expires)}, not enabled again`,
    hint: "Delete `expires` to keep it on the account without effect; to enable it again, delete `enabled: false`",
    title: "An entry without effect has an end date",
    explanation: "On that date it is removed, not enabled. To enable it, delete `enabled: false`.",
    bad: policy(
      rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, enabled: false, expires: 2027-06-30}"),
    ),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, enabled: false}")),
  }),
  "expires-soon": lintCode<{ prefix: string; rule: string; expires: string; addresses: string | undefined }>({
    severity: "warning",
    message: ({ prefix, rule, expires, addresses }) =>
      `${prefix} in \`${rule}\` expires ${onOrAt(expires)}${addresses === undefined ? "" : `; then ${addresses} are allowed`}`,
    hint: "Renew its date in time, or let it expire",
    title: "An entry expires within 30 days",
    explanation:
      "The first apply from that date on removes it. The finding names the addresses that a deny entry no longer blocks then.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2026-12-15}")),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "{cidr: 198.51.100.7, expires: 2027-06-30}")),
  }),
  "broad-allow": lintCode<{ rule: string; addresses: string; prefix: string; limit: number }>({
    severity: "warning",
    message: ({ rule, addresses, prefix }) => `\`${rule}\` allows ${addresses}: ${prefix}`,
    hint: ({ limit }) =>
      `A prefix shorter than /${limit} rarely belongs to one organisation: narrow it, or set \`lint: {broad-allow: off}\``,
    title: "An allow entry allows very many addresses",
    explanation:
      "Shorter than /16 (IPv6: /32), a prefix is more than one organisation's network. Narrow it, or set `lint: {broad-allow: off}`.",
    bad: policy(rule("Provider", "allow", "198.0.0.0/8")),
    good: policy(rule("Office", "allow", "198.51.100.0/24")),
  }),
  "ipv6-covers-ipv4": lintCode<{ prefix: string; type: "allow" | "deny"; everything: boolean }>({
    severity: "warning",
    message: ({ prefix, type }) =>
      `${prefix} contains ::ffff:0:0/96, so it is assumed to ${type} all of IPv4 too`,
    hint: ({ type, everything }) =>
      type === "deny" || everything
        ? "Write 0.0.0.0/0 next to it, or 2000::/3 instead if only IPv6 is meant"
        : "Write an IPv6 prefix that does not contain it",
    title: "An IPv6 prefix contains the IPv4 addresses too",
    explanation:
      "The service stores IPv4 under `::ffff:0:0/96`, so `::/0` is assumed to cover it. This is not documented: write `0.0.0.0/0` next to it, or `2000::/3` for IPv6 alone.",
    bad: policy(rule("Everything", "deny", '"::/0"'), rule("Office", "allow", "203.0.113.0/24")),
    good: policy(
      rule("Everything", "deny", '"::/0"', "0.0.0.0/0"),
      rule("Office", "allow", "203.0.113.0/24"),
    ),
  }),
  "special-purpose": lintCode<{
    prefix: string;
    block: string;
    name: string;
    registry: string;
    isPrivate: boolean;
  }>({
    severity: "warning",
    message: ({ prefix, block, name, registry }) =>
      `${prefix} is never the source of public traffic: it is in ${block}, ${name} (IANA registry, snapshot of ${registry})`,
    hint: ({ isPrivate }) =>
      `Write the network's public address${isPrivate ? "; with private connectivity the entry can be right" : ""}`,
    title: "An allow entry can never be the source of public traffic",
    explanation:
      "The IANA registries list it as private, loopback, multicast or the like. With private connectivity it can be right.",
    bad: policy(rule("Office", "allow", "192.168.10.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24")),
  }),
  "documentation-range": lintCode<{ prefix: string; more: number; registry: string }>({
    severity: "note",
    message: ({ prefix, more, registry }) =>
      `${prefix} is reserved for documentation${more > 0 ? `, and ${more} more like it` : ""} (IANA registry, snapshot of ${registry})`,
    hint: "Replace it with an address of your own",
    title: "A prefix is reserved for documentation",
    explanation: "Replace it with your own. One note per file names the first.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24")),
    good: policy(rule("Resolver", "allow", "9.9.9.9/32")),
  }),
  "shadowed-entry": lintCode<{ prefix: string; by: readonly string[]; more: number }>({
    severity: "warning",
    message: ({ prefix }) => `${prefix} has no effect: more specific entries cover all of it`,
    hint: ({ by, more }) => `Delete it, or narrow ${listed(by, by.length, more)}`,
    title: "An entry has no effect, because more specific ones cover all of it",
    explanation: "Often an exception is wider than intended.",
    bad: policy(
      rule("Office", "allow", "203.0.113.0/24", "198.51.100.0/24"),
      rule("Guests", "deny", "203.0.113.0/25", "203.0.113.128/25"),
    ),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Guests", "deny", "203.0.113.128/25")),
  }),
  "redundant-entry": lintCode<{ prefix: string; because: string } & Once>({
    severity: "warning",
    message: ({ prefix, because, once }) => `${prefix} changes nothing${onceGone(once)}: ${because}`,
    hint: ({ once }) => (once === undefined ? "Delete it" : deleteBoth),
    title: "An entry can be deleted without any change of access",
    explanation:
      "All entries found can be deleted together. If the finding names another entry, delete both, or neither.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24", "203.0.113.7")),
    good: policy(rule("Office", "allow", "203.0.113.0/24", "198.51.100.7")),
  }),
  "deny-without-effect": lintCode<{ rule: string; open: boolean } & Once>({
    severity: "warning",
    message: ({ rule, once }) =>
      `The rule \`${rule}\` denies nothing that would be allowed without it${onceGone(once)}`,
    hint: ({ open, once }) =>
      once !== undefined
        ? deleteBoth
        : open
          ? "Delete it, or look at the wider and narrower entries that decide instead"
          : "With an allow list, what is not listed is denied anyway: delete the rule, or name parts of what is allowed",
    title: "A deny rule denies nothing",
    explanation:
      "Mostly, an allow list already leaves its addresses out. An exception from an allow entry must be more specific than that entry.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Attackers", "deny", "198.51.100.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Guests", "deny", "203.0.113.128/25")),
  }),
  "allow-without-effect": lintCode<{ rule: string } & Once>({
    severity: "warning",
    message: ({ rule, once }) =>
      `The rule \`${rule}\` allows nothing that would be blocked without it${onceGone(once)}`,
    hint: ({ once }) =>
      once !== undefined
        ? deleteBoth
        : "Delete it, or look at the narrower deny entries and wider allow entries that decide instead",
    title: "An allow rule allows nothing",
    explanation: "More specific deny entries cover it, or other allow entries allow the same.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Desk", "allow", "203.0.113.7")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Branch", "allow", "198.51.100.0/24")),
  }),
  "same-prefix-in-rules": lintCode<{ prefix: string; rules: readonly [string, string]; other: string }>({
    severity: "warning",
    message: ({ prefix, rules: [first, second] }) =>
      `${prefix} is in the rules \`${first}\` and \`${second}\``,
    hint: ({ other }) => `Keep it in one of them; the other is in ${other}`,
    title: "Two rules of one type contain the same prefix",
    explanation: "Deleting it from one has no effect. Keep it in one, or use a network.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Berlin", "allow", "203.0.113.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Berlin", "allow", "198.51.100.0/24")),
  }),
  "overlapping-rules": lintCode<{
    inner: string;
    type: "allow" | "deny";
    prefix: string;
    outer: string;
    outerPrefix: string;
    more: number;
  }>({
    severity: "note",
    message: ({ inner, type, prefix, outer, outerPrefix, more }) =>
      `\`${inner}\` ${type === "deny" ? "denies" : "allows"} ${prefix} inside ${outerPrefix} of \`${outer}\`${more > 0 ? `, and so do ${more} more of its entries` : ""}`,
    hint: "The more specific entry wins",
    title: "A rule makes exceptions from another",
    explanation: "Often this is intended: the more specific entry wins. One note per pair of rules.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Guests", "deny", "203.0.113.128/25")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Branch", "allow", "198.51.100.0/24")),
  }),
  "adjacent-prefixes": lintCode<{ prefixes: readonly string[]; more: number; together: string }>({
    severity: "note",
    message: ({ prefixes, more, together }) =>
      `${listed(prefixes, prefixes.length, more)} are together ${together}`,
    hint: ({ together }) => `Write ${together} instead`,
    title: "Prefixes of one rule can be written as one",
    explanation: "Entries with different comments or expiry dates are left alone.",
    bad: policy(rule("Office", "allow", "203.0.113.0/25", "203.0.113.128/25")),
    good: policy(rule("Office", "allow", "203.0.113.0/24")),
  }),
  "repeated-in-list": lintCode<{ text: string; first: number }>({
    severity: "warning",
    message: ({ text }) => `\`${text}\` appears twice in the file`,
    hint: ({ first }) => `Delete one of the two; the first is in line ${first}`,
    title: "A text file contains a prefix twice",
    explanation: "Among a rule's own entries this is the error `duplicate-prefix`.",
    bad: "version: 1\nnetworks:\n  partners: {file: repeated.txt}\nrules:\n  - name: Partners\n    type: allow\n    cidrs: [network: partners]\n",
    good: "version: 1\nnetworks:\n  partners: {file: partners.txt}\nrules:\n  - name: Partners\n    type: allow\n    cidrs: [network: partners]\n",
  }),
  "same-prefix-in-networks": lintCode<{
    rule: string;
    prefixes: string;
    networks: readonly [string | undefined, string | undefined];
    first: string;
  }>({
    severity: "warning",
    message: ({ rule, prefixes, networks: [before, again] }) =>
      `The rule \`${rule}\` has ${prefixes} both by ${holder(before)} and by ${holder(again)}`,
    hint: ({ first }) =>
      `Each prefix counts once; the first one is also in ${first}. If that is fine, write \`lint: {same-prefix-in-networks: off}\``,
    title: "Two sources of one rule contain the same prefix",
    explanation:
      "It counts once, until the later of the two dates. Deleting it from one source does not remove it. One finding per pair.",
    bad: `version: 1\nnetworks:\n  a: [203.0.113.0/24, 198.51.100.7]\n  b: [198.51.100.7]\nrules:\n${rule("Vendors", "allow", "network: a", "network: b")}\n`,
    good: `version: 1\nnetworks:\n  a: [203.0.113.0/24, 198.51.100.7]\n  b: [198.51.100.8]\nrules:\n${rule("Vendors", "allow", "network: a", "network: b")}\n`,
  }),
  "empty-rule": lintCode<{ rule: string }>({
    severity: "warning",
    message: ({ rule }) => `All entries of the rule \`${rule}\` have expired`,
    hint: "Delete the rule, or add an entry",
    title: "All entries of a rule have expired",
    explanation:
      "The account does not need it. Without any entries it would be the error `rule-without-entries`.",
    bad: policy(
      rule("Office", "allow", "203.0.113.0/24"),
      rule("Guests", "deny", "{cidr: 203.0.113.64/26, expires: 2026-11-30}"),
    ),
    good: policy(
      rule("Office", "allow", "203.0.113.0/24"),
      rule("Guests", "deny", "{cidr: 203.0.113.64/26, expires: 2027-11-30}"),
    ),
  }),
  "unused-network": lintCode<{ network: string }>({
    severity: "note",
    message: ({ network }) => `The network \`${network}\` is not used`,
    hint: "Delete it, or name it in a rule",
    title: "A network is not used",
    explanation: "No rule, test or guard names it. Networks of include files are not reported.",
    bad: `version: 1\nnetworks:\n  office: [198.51.100.0/24]\nrules:\n${rule("Office", "allow", "203.0.113.0/24")}\n`,
    good: `version: 1\nnetworks:\n  office: [203.0.113.0/24]\nrules:\n${rule("Office", "allow", "network: office")}\n`,
  }),
  "look-alike-names": lintCode<
    { rule: string; other: string; line: number } | { rule: string; scripts: readonly string[] }
  >({
    severity: "warning",
    message: (found) =>
      "scripts" in found
        ? `The name \`${found.rule}\` mixes ${listed(found.scripts)} letters`
        : `The names \`${found.rule}\` and \`${found.other}\` look the same`,
    hint: (found) =>
      "scripts" in found
        ? "Letters of different scripts can look alike: write each word in one script"
        : `Rename one of the two (with \`previous_names\`); the other is in line ${found.line}`,
    title: "Two rule names look the same",
    explanation: "They differ only in capitals, spaces or Unicode form, or one mixes scripts.",
    bad: policy(rule("Office", "allow", "203.0.113.0/24"), rule("office", "allow", "198.51.100.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24"), rule("Branch", "allow", "198.51.100.0/24")),
  }),
  "odd-name": lintCode<{ problem: string }>({
    severity: "warning",
    message: ({ problem }) => `The rule's name ${problem}`,
    hint: "Rename it, and put the old name under `previous_names`",
    title: "A rule's name has characters that cannot be seen",
    explanation: "Or it begins or ends with a space, is empty, or is longer than 255 characters.",
    bad: policy(rule('"Office "', "allow", "203.0.113.0/24")),
    good: policy(rule("Office", "allow", "203.0.113.0/24")),
  }),
  "shared-host": lintCode<{ host: string }>({
    severity: "warning",
    message: ({ host }) =>
      `The host ${host} is shared by many accounts; its end was announced for 2026-11-01`,
    hint: "Use the account's own access URL, such as ab123.us1.dbt.com; it is in the account's settings",
    title: "The host is shared by many accounts, and its end was announced",
    explanation:
      "`*.getdbt.com` hosts were to end on 2026-11-01. Use the account's own access URL, shown in its settings.",
    bad: `version: 1\naccount:\n  host: cloud.getdbt.com\nrules:\n${rule("Office", "allow", "203.0.113.0/24")}\n`,
    good: `version: 1\naccount:\n  host: ab123.us1.dbt.com\nrules:\n${rule("Office", "allow", "203.0.113.0/24")}\n`,
  }),
};
