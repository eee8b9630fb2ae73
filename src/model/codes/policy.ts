/** The codes of a policy's text: its encoding, its YAML, its keys and values, its lists, and its tests. */
import { onOrAt } from "../time.js";
import { asCode, didYouMean, listed } from "../words.js";
import { code } from "./code.js";

/** `: the network `vpn` is empty` where networks are all that is written. */
const emptyBecause = (networks: readonly string[]): string => {
  if (networks.length === 0) return "";
  const names = listed(networks.map(asCode));
  return networks.length === 1 ? `: the network ${names} is empty` : `: the networks ${names} are empty`;
};

/** What the YAML library found: `problem` in its own words, or one that is explained here. */
type YamlProblem =
  | { readonly kind: "other"; readonly problem: string; readonly fix?: string }
  | { readonly kind: "quote" | "bracket" | "indentation" }
  | { readonly kind: "line-end"; readonly character: string };

const yamlTexts: Readonly<
  Record<"quote" | "bracket" | "indentation", { readonly message: string; readonly hint: string }>
> = {
  quote: { message: "This quote is not closed", hint: "Close it at the end of the text" },
  bracket: {
    message: "A bracket that was opened before this is not closed, or its lines are not indented enough",
    hint: "Close it with `]` or `}`, and indent what is inside it",
  },
  indentation: {
    message: "The indentation of this line fits none of the lines above",
    hint: "Indent the keys of one item by the same number of spaces, and likewise the `-` of all items of one list",
  },
};

const opened = "every address that is not denied would be allowed";

/** Whether the policy has no allow entry in force, and which was the last; or the account as it would be. */
type NoAllow =
  | { readonly of: "policy"; readonly last?: { readonly prefix: string; readonly expired: string } }
  | { readonly of: "account"; readonly own: boolean };

const noAllowText = (found: NoAllow): string => {
  if (found.of === "account")
    return found.own
      ? `The account is enforced, and no allow entry of the policy is in force: ${opened}`
      : `The account is enforced, and none of its allow rules has an entry: ${opened}`;
  const { last } = found;
  return last === undefined
    ? `No allow rule has an entry: with enforcement on, ${opened}`
    : `No allow entry is in force; the last one, ${last.prefix}, expired ${onOrAt(last.expired)}: with enforcement on, ${opened}`;
};

export const policyCodes = {
  "not-utf8": code<{ byte: string; offset: number; utf16: boolean }>({
    severity: "error",
    message: ({ byte, offset }) =>
      `The file is not UTF-8 text: byte ${byte} at offset ${offset} is not valid`,
    hint: ({ utf16 }) =>
      utf16
        ? "The file looks like UTF-16; save it as UTF-8"
        : "Save the file as UTF-8; look for other encodings in comments and descriptions",
    meaning: "The file is not UTF-8 text.",
    fix: "Save it as UTF-8.",
  }),
  "policy-too-large": code<{ what: string; length: number; most: number }>({
    severity: "error",
    message: ({ what, length, most }) => `The ${what} has ${length} characters; at most ${most} are read`,
    hint: "Move long lists of prefixes into a text file: `networks: {blocklist: {file: lists/blocklist.txt}}`",
    meaning: "The YAML file is too large.",
    fix: "Move long lists into text files.",
  }),
  "policy-empty": code<{ what: string }>({
    severity: "error",
    message: ({ what }) => `The ${what} is empty`,
    hint: "Write `rules: []` to have no rules",
    meaning: "The file has no content.",
    fix: "Write `rules: []` to have no rules.",
  }),
  "yaml-syntax": code<YamlProblem>({
    severity: "error",
    message: (found) => {
      if (found.kind === "other") return `This is not valid YAML: ${found.problem}`;
      return found.kind === "line-end"
        ? `${found.character} is here: some programs start a new line at it, others do not`
        : yamlTexts[found.kind].message;
    },
    hint: (found) => {
      if (found.kind === "other") return found.fix;
      return found.kind === "line-end"
        ? "Delete it, or end the line with a line feed; in quotes, write it as \\r, \\N, \\L or \\P"
        : yamlTexts[found.kind].hint;
    },
    meaning: "The file is not valid YAML 1.2.",
    fix: "Fix the line shown.",
  }),
  "yaml-tab": code({
    severity: "error",
    message: "A tab is used for indentation",
    hint: "YAML is indented with spaces only",
  }),
  "yaml-multiple-documents": code({
    severity: "error",
    message: "A second YAML document begins here",
    hint: "A file contains one policy; move the other one to its own file",
  }),
  "yaml-unknown-tag": code({
    severity: "error",
    message: "This YAML tag is not known",
    hint: "Remove the tag; a policy needs none",
  }),
  "yaml-key": code({
    severity: "error",
    message: "A key must be plain text",
    fix: "Write a key of the policy format.",
  }),
  "yaml-duplicate-key": code<{ key: string; first: number | undefined }>({
    severity: "error",
    message: ({ key }) => `The key \`${key}\` appears twice in one mapping`,
    hint: ({ first }) =>
      first === undefined ? "Keep one of the two" : `Keep one of the two; the first is in line ${first}`,
    meaning: "A mapping has one key twice.",
    fix: "Keep one.",
  }),
  "yaml-unknown-alias": code<{ alias: string }>({
    severity: "error",
    message: ({ alias }) => `There is no anchor \`&${alias}\` before this alias`,
    hint: "Put the anchor before the alias, or write the value itself",
    meaning: "No anchor comes before this alias.",
    fix: "Add it, or write the value.",
  }),
  "yaml-alias-bomb": code({
    severity: "error",
    message: "Aliases are nested so deeply that the file would grow too large",
    hint: "Write shared prefixes once, under `networks`, and name the network in each rule",
    fix: "Write shared prefixes once, under `networks`.",
  }),
  "yaml-too-deep": code({
    severity: "error",
    message: "The file is nested too deeply to be a policy",
    hint: "Check the brackets and the indentation",
  }),
  "unknown-version": code<{ version: string }>({
    severity: "error",
    message: ({ version }) => `This is version ${version} of the policy format; only version 1 is known`,
    hint: "Write `version: 1`, or use a newer release of dbt-ip-rules",
    meaning: "This version of the policy format is not known.",
  }),
  "unknown-key": code<{ key: string; fix: string | undefined }>({
    severity: "error",
    message: ({ key }) => `The key \`${key}\` is not known here`,
    hint: ({ fix }) => fix,
    meaning: "This place has no such key.",
    fix: "Use one that the hint names.",
  }),
  "unknown-lint-code": code<{ key: string; fix: string | undefined }>({
    severity: "error",
    message: ({ key }) => `There is no lint code \`${key}\``,
    hint: ({ fix }) => fix,
    meaning: "`lint` names an unknown code.",
    fix: "See [lint.md](lint.md).",
  }),
  "missing-key": code<{ in: string; key: string } | { of: "entry" | "network" }>({
    severity: "error",
    message: (found) => {
      if ("key" in found) return `${found.in} lacks \`${found.key}\``;
      return found.of === "entry"
        ? "An entry needs a prefix or a network"
        : "A network needs a source, a file, a list or another network";
    },
    hint: (found) => {
      if ("key" in found)
        return found.key === "rules" ? "Write `rules: []` to have no rules" : `Add \`${found.key}:\``;
      return found.of === "entry"
        ? "Write `cidr: 203.0.113.0/24` or `network: office`"
        : "Write `source:`, `file: lists/office.txt`, `network: office` or `cidrs: [203.0.113.0/24]`";
    },
    meaning: "A required key is missing.",
    fix: "Add it.",
  }),
  "wrong-type": code<{ what: string; wanted: string | undefined; is: string; fix: string | undefined }>({
    severity: "error",
    message: ({ what, wanted, is }) =>
      wanted === undefined ? `${what} has no value` : `${what} must be ${wanted}, but this is ${is}`,
    hint: ({ fix }) => fix,
    meaning: "A value has the wrong type.",
    fix: "Write the type that the message names.",
  }),
  "wrong-value": code<{ what: string; problem: string; fix: string | undefined }>({
    severity: "error",
    message: ({ what, problem }) => `${what} ${problem}`,
    hint: ({ fix }) => fix,
    meaning: "A value is not one of those possible.",
    fix: "Write one that the message names.",
  }),
  "bad-date": code<{ text: string }>({
    severity: "error",
    message: ({ text }) => `\`${text}\` is neither a calendar date nor a UTC time`,
    hint: "Write a date, such as 2027-01-15, or a UTC time, such as 2027-01-15T18:00Z",
    meaning: "`expires` is neither a calendar date nor a UTC time.",
    fix: "Write `2027-01-15` or `2027-01-15T18:00Z`.",
  }),
  "bad-network-name": code<{ name: string }>({
    severity: "error",
    message: ({ name }) => `\`${name}\` cannot be a network's name`,
    hint: "A network's name begins with a letter or digit, and contains only letters, digits, `_`, `.` and `-`",
    meaning: "A network's name has forbidden characters.",
    fix: "Use letters, digits, `_`, `.` and `-`.",
  }),
  "bad-prefix": code<{ text: string } & ({ problem: string; fix: string | undefined } | { network: true })>({
    severity: "error",
    message: (found) =>
      "network" in found
        ? `\`${found.text}\` is not an IP address or prefix, but a network has this name`
        : `\`${found.text}\` is not an IP address or prefix: ${found.problem}`,
    hint: (found) => ("network" in found ? `Write \`network: ${found.text}\`` : found.fix),
    meaning: "This is not an IP address or prefix.",
    fix: "Write `203.0.113.7` or `203.0.113.0/24`.",
  }),
  "mapped-length": code<{ text: string; length: string; meant: string | undefined }>({
    severity: "error",
    message: ({ text, length }) =>
      `\`${text}\` covers far more than IPv4: in this spelling, the length ${length} counts from the first bit of the IPv6 address`,
    hint: ({ meant }) =>
      meant === undefined ? "Write the IPv4 address with its own length" : `Write ${meant}`,
    meaning: "In IPv6 spelling, an IPv4 address has a length below /96.",
    fix: "Write it as IPv4.",
  }),
  "unquoted-ipv6": code<{ key: string } | { address: string; length: string }>({
    severity: "error",
    message: (read) =>
      "key" in read
        ? `YAML reads \`${read.key}\` as a key, since it ends in a colon`
        : `YAML reads \`[${read.address}]\` as a list`,
    hint: (read) =>
      "key" in read
        ? `Put it in quotes: "${read.key}"`
        : `Write it without brackets and in quotes: "${read.address}${read.length}"`,
    meaning: "YAML reads an IPv6 prefix as a key or a list.",
    fix: "Quote it, without brackets.",
  }),
  "cidr-and-network": code({
    severity: "error",
    message: "An entry is either a prefix or a network, not both",
    hint: "Split it into two entries",
  }),
  "file-and-cidrs": code({
    severity: "error",
    message: "A network has one of `source`, `file`, `cidrs` and `network`, not two of them",
    hint: "Split it into two networks, and name both where they are used",
    fix: "Split it into two.",
  }),
  "empty-network": code<{
    network: string;
    because?: { kind: "file"; file: string } | { kind: "network"; of: string } | { kind: "except" };
  }>({
    severity: "error",
    message: ({ network, because }) => {
      switch (because?.kind) {
        case undefined:
          return `The network \`${network}\` is empty`;
        case "file":
          return `The file \`${because.file}\` contains no prefix, so the network \`${network}\` is empty`;
        case "network":
          return `The network \`${because.of}\` is empty, and so is \`${network}\``;
        case "except":
          return `\`except\` leaves nothing of the network \`${network}\``;
      }
    },
    hint: ({ network, because }) => {
      switch (because?.kind) {
        case undefined:
          return `Add a prefix; if it is meant to be empty, write \`${network}: {allow_empty: true, cidrs: []}\``;
        case "file":
          return "Restore the list; if it is meant to be empty, write `allow_empty: true` next to `file` or `source`";
        default:
          return "If it is meant to be empty, write `allow_empty: true` in it";
      }
    },
    meaning: "A network has no prefix.",
    fix: "Restore it, or write `allow_empty: true`.",
  }),
  "empty-include": code<{ file: string; path: string }>({
    severity: "error",
    message: ({ file }) => `The file \`${file}\` contains no network`,
    hint: ({ path }) =>
      `Restore the file; if it is meant to be empty, write \`{file: ${path}, allow_empty: true}\``,
    meaning: "An include file has no network.",
    fix: "Restore it, or write `allow_empty: true`.",
  }),
  "rule-without-entries": code<{ rule: string; empty: readonly string[] }>({
    severity: "error",
    message: ({ rule, empty }) => `The rule \`${rule}\` has no entries${emptyBecause(empty)}`,
    hint: "Add an entry, or delete the rule; if it is meant to be empty, write `allow_empty: true` in it",
    meaning: "A rule has no entries.",
    fix: "Add one, or write `allow_empty: true`.",
  }),
  "empty-test": code<{ key?: string; test?: string; empty?: readonly string[] }>({
    severity: "error",
    message: ({ key, test, empty }) =>
      key === undefined
        ? "A test that expects nothing proves nothing"
        : `\`${key}\` of the test \`${test}\` expects nothing${emptyBecause(empty ?? [])}`,
    hint: ({ key }) =>
      key === undefined
        ? "Add `allowed:` or `denied:` with addresses"
        : "Add an address, or delete the line; if it is meant to be empty, write `allow_empty: true` in the test",
    meaning: "A test expects nothing.",
    fix: "Add addresses, or write `allow_empty: true`.",
  }),
  "empty-guard": code<{ key: string; empty: readonly string[] }>({
    severity: "error",
    message: ({ key, empty }) => `\`${key}\` has no addresses${emptyBecause(empty)}`,
    hint: "Add an address, or delete the line; if it is meant to be empty, write `allow_empty: true` under `guards`",
    meaning: "`must_allow` or `must_deny` has no addresses.",
    fix: "Add one, or write `allow_empty: true`.",
  }),
  "no-allow-in-force": code<NoAllow>({
    severity: "error",
    message: noAllowText,
    hint: (found) => {
      if (found.of === "policy")
        return "Add or renew an allow entry; if everybody should have access, delete the allow rules";
      return found.own
        ? "Add or renew an allow entry; if everybody should have access, delete the allow rules from the policy"
        : "Add an allow entry; if the account is to be open, delete its empty allow rules";
    },
    meaning:
      "Enforcement is on, but no allow entry is in force: what is not denied would be allowed. No flag overrides this.",
    fix: "Add or renew an allow entry.",
  }),
  "allow-only-disabled": code<{ of: "policy" | "account" }>({
    severity: "error",
    message: ({ of }) =>
      of === "policy"
        ? "Every allow entry of this policy is disabled: whether the account then allows everybody or nobody is not documented"
        : "Every allow entry of the account would be disabled: whether it then allows everybody or nobody is not documented",
    hint: "Keep an allow entry in force; to lift the restrictions, set `enforcement: disabled`",
    meaning:
      "All allow entries are disabled. The service does not document what then applies, so this may open the account or lock everybody out. No flag overrides this.",
    fix: "Keep one in force, or set `enforcement: disabled`.",
  }),
  "duplicate-rule-name": code<{ rule: string; line: number }>({
    severity: "error",
    message: ({ rule }) => `Two rules are named \`${rule}\``,
    hint: ({ line }) => `Rename one of them; the first is in line ${line}`,
    meaning: "Two rules have one name.",
    fix: "Rename one.",
  }),
  "previous-name-in-use": code<{ name: string; line: number; own: boolean }>({
    severity: "error",
    message: ({ name, line }) =>
      `\`${name}\` is the name of a rule in line ${line}, so it cannot be a previous name`,
    hint: ({ own }) =>
      own
        ? "Remove it: a rule's own name is not a previous one"
        : "Rename in two steps, each applied before the next",
    meaning: "A previous name is the name of a rule.",
    fix: "Remove it, or rename in two applies.",
  }),
  "previous-name-twice": code<{ name: string; line: number }>({
    severity: "error",
    message: ({ name, line }) => `\`${name}\` is already a previous name in line ${line}`,
    hint: "A rule on the account can become only one rule of the policy: keep one of the two",
    meaning: "Two rules have one previous name.",
    fix: "Keep it in one.",
  }),
  "removed-rule-in-use": code<{ rule: string; line: number; previous: boolean }>({
    severity: "error",
    message: ({ rule, line, previous }) =>
      `\`${rule}\` is under \`removed_rules\`, but is also ${previous ? "a previous name of a rule" : "a rule of this policy"} in line ${line}`,
    hint: "Remove it from `removed_rules`, or delete the rule (or the previous name) here",
    meaning: "`removed_rules` names a rule of the policy, or its previous name.",
    fix: "Remove one of them.",
  }),
  "removed-rule-twice": code<{ rule: string; line: number }>({
    severity: "error",
    message: ({ rule, line }) => `\`${rule}\` is already among the removed rules in line ${line}`,
    hint: "Keep one of the two",
    meaning: "`removed_rules` names a rule twice.",
  }),
  "duplicate-prefix": code<{ prefix: string; rule: string; text: string; first: string }>({
    severity: "error",
    message: ({ prefix, rule }) => `${prefix} appears twice in the rule \`${rule}\``,
    hint: ({ text, first }) => `Keep one of the two; the first is \`${text}\` in ${first}`,
    meaning: "A rule has one prefix twice, perhaps in two spellings.",
    fix: "Keep one.",
  }),
  "allowed-and-denied": code<{ prefix: string; allow: string; deny: string; other: string }>({
    severity: "error",
    message: ({ prefix, allow, deny }) =>
      `${prefix} is both allowed and denied: allowed by \`${allow}\`, denied by \`${deny}\``,
    hint: ({ other }) => `Remove it from one of them; the other entry is in ${other}`,
    meaning: "One rule allows a prefix, another denies it.",
    fix: "Remove it from one.",
  }),
  "undefined-network": code<{ network: string; meant: string | undefined }>({
    severity: "error",
    message: ({ network }) => `There is no network \`${network}\``,
    hint: ({ meant }) => didYouMean(meant) ?? "Define it under `networks`",
    meaning: "The policy uses an undefined network.",
    fix: "Define it under `networks`.",
  }),
  "duplicate-network": code<{ network: string; first: string }>({
    severity: "error",
    message: ({ network, first }) => `The network \`${network}\` is already defined in ${first}`,
    hint: "Rename one of the two",
    meaning: "Two files define one network.",
  }),
  "duplicate-network-use": code<{ network: string }>({
    severity: "error",
    message: ({ network }) => `The network \`${network}\` is named twice here`,
    hint: "Keep one of the two",
    meaning: "A list names a network twice.",
  }),
  "path-outside-policy-folder": code<{ path: string; reason: string }>({
    severity: "error",
    message: ({ path, reason }) => `The file \`${path}\` is not read: ${reason}`,
    hint: "Name a file in the policy's folder or in a folder below it, by a relative path",
    meaning: "A path is absolute, or leads out of the policy's folder.",
    fix: "Write a relative path below it.",
  }),
  "file-missing": code<{ path: string; reason: string | undefined }>({
    severity: "error",
    message: ({ path, reason }) =>
      `The file \`${path}\` cannot be read${reason === undefined ? "" : `: ${reason}`}`,
    hint: "It must exist, be readable and be in the policy's folder; no symbolic link may lead out of it",
    meaning: "A file that the policy names cannot be read.",
    fix: "Check its name and permissions.",
  }),
  "policy-test-failed": code<{
    test: string;
    /** What does not hold: `203.0.113.7 is denied, not allowed as expected`. */
    broken: string;
    /** Which entry, or default, decides. */
    because: string;
    unmanaged: boolean;
    more: number;
  }>({
    severity: "error",
    message: ({ test, broken, because }) => `Test "${test}": ${broken}; ${because}`,
    hint: ({ unmanaged, more }) => {
      const hints = [
        ...(unmanaged
          ? [
              "Delete that rule on the account, add it to the policy with `import --merge`, or set `unmanaged_rules: delete`",
            ]
          : []),
        ...(more > 0 ? [`${more} more ranges in it fail the test`] : []),
      ];
      return hints.length === 0 ? undefined : hints.join("; ");
    },
    meaning: "A test of the policy fails.",
    fix: "Fix the rules or the test; `--allow-failed-tests` overrides it.",
  }),
};
