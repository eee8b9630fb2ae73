/** The codes of a policy's text: its encoding, its YAML, its keys and values, its lists, and its tests. */
import { onOrAt } from "../instant.js";
import { code } from "./code.js";

/** `: the network `vpn` is empty` where networks are all that is written. */
const emptyBecause = (networks: readonly string[]): string => {
  const names = networks.map((name) => `\`${name}\``);
  if (names.length === 0) return "";
  return names.length === 1
    ? `: the network ${names[0]} is empty`
    : `: the networks ${names.slice(0, -1).join(", ")} and ${names.at(-1)} are empty`;
};

const didYouMean = (meant: string | undefined): string | undefined =>
  meant === undefined ? undefined : `Did you mean \`${meant}\`?`;

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
    hint: "Indent the keys of one item by the same number of spaces, and so the `-` of all items of one list",
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
    hint: "An empty file does not delete everything; write `rules: []` to have no rules",
    meaning: "The file contains only spaces and comments.",
    fix: "Write `rules: []` to have no rules.",
  }),
  "yaml-syntax": code<YamlProblem>({
    severity: "error",
    message: (found) => {
      if (found.kind === "other") return `This is not valid YAML: ${found.problem}`;
      return found.kind === "line-end"
        ? `${found.character} is here: some programs begin a new line at it, and some do not`
        : yamlTexts[found.kind].message;
    },
    hint: (found) => {
      if (found.kind === "other") return found.fix;
      return found.kind === "line-end"
        ? "Delete it, or end the line with a line feed; in quotes, write it as \\r, \\N, \\L or \\P"
        : yamlTexts[found.kind].hint;
    },
    meaning: "The file is not valid YAML 1.2.",
    fix: "Fix the line that the message shows.",
  }),
  "yaml-tab": code({
    severity: "error",
    message: "A tab is used for indentation",
    hint: "YAML is indented with spaces only",
    meaning: "A tab is used for indentation.",
    fix: "Indent with spaces.",
  }),
  "yaml-multiple-documents": code({
    severity: "error",
    message: "A second YAML document begins here",
    hint: "A file contains one policy; move the other one to its own file",
    meaning: "The file contains more than one YAML document.",
    fix: "Move each to its own file.",
  }),
  "yaml-unknown-tag": code({
    severity: "error",
    message: "This YAML tag is not known",
    hint: "Remove the tag; a policy needs none",
    meaning: "A value has a YAML tag; a policy needs none.",
    fix: "Remove the tag.",
  }),
  "yaml-key": code({
    severity: "error",
    message: "A key must be plain text",
    meaning: "A key is not plain text.",
    fix: "Write a key of the policy format.",
  }),
  "yaml-duplicate-key": code<{ key: string; first: number | undefined }>({
    severity: "error",
    message: ({ key }) => `The key \`${key}\` appears twice in one mapping`,
    hint: ({ first }) =>
      first === undefined ? "Keep one of the two" : `Keep one of the two; the first is in line ${first}`,
    meaning: "A key appears twice in one mapping.",
    fix: "Keep one of the two.",
  }),
  "yaml-unknown-alias": code<{ alias: string }>({
    severity: "error",
    message: ({ alias }) => `There is no anchor \`&${alias}\` before this alias`,
    hint: "Put the anchor before the alias, or write the value itself",
    meaning: "An alias refers to no anchor before it.",
    fix: "Put the anchor before it, or write the value itself.",
  }),
  "yaml-alias-bomb": code({
    severity: "error",
    message: "Aliases are nested so deeply that the file would grow too large",
    hint: "Write shared prefixes once, under `networks`, and name the network in each rule",
    meaning: "Aliases are nested so deeply that the file would grow too large.",
    fix: "Write shared prefixes once, under `networks`.",
  }),
  "yaml-too-deep": code({
    severity: "error",
    message: "The file is nested too deeply to be a policy",
    hint: "Check the brackets and the indentation",
    meaning: "The file is nested too deeply.",
    fix: "Check the brackets and the indentation.",
  }),
  "unknown-version": code<{ version: string }>({
    severity: "error",
    message: ({ version }) => `This is version ${version} of the policy format; only version 1 is known`,
    hint: "Write `version: 1`, or use a newer release of dbt-ip-rules",
    meaning: "The version of the format is not known.",
    fix: "Write `version: 1`, or use a newer release.",
  }),
  "unknown-key": code<{ key: string; fix: string | undefined }>({
    severity: "error",
    message: ({ key }) => `The key \`${key}\` is not known here`,
    hint: ({ fix }) => fix,
    meaning: "A key is not known in this place.",
    fix: "Use one of the keys that the message names.",
  }),
  "unknown-lint-code": code<{ key: string; fix: string | undefined }>({
    severity: "error",
    message: ({ key }) => `There is no lint code \`${key}\``,
    hint: ({ fix }) => fix,
    meaning: "`lint` names a code that does not exist.",
    fix: "Use a code of [lint.md](lint.md).",
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
    meaning: "A value is of another type: text for a list, a number for text.",
    fix: "Write a value of the type that the message names.",
  }),
  "wrong-value": code<{ what: string; problem: string; fix: string | undefined }>({
    severity: "error",
    message: ({ what, problem }) => `${what} ${problem}`,
    hint: ({ fix }) => fix,
    meaning: "A value is of the right type, but not one that is possible.",
    fix: "Write one of those that the message names.",
  }),
  "bad-date": code<{ text: string }>({
    severity: "error",
    message: ({ text }) => `\`${text}\` is neither a date of the calendar nor an instant in UTC`,
    hint: "Write year, month and day, 2027-01-15, or an instant in UTC, 2027-01-15T18:00Z",
    meaning: "What `expires` says is not a date, nor an instant in UTC, or is not in the calendar.",
    fix: "Write a date such as `2027-01-15`, or an instant such as `2027-01-15T18:00Z`.",
  }),
  "bad-network-name": code<{ name: string }>({
    severity: "error",
    message: ({ name }) => `\`${name}\` cannot be a network's name`,
    hint: "A network's name begins with a letter or digit, and contains only letters, digits, `_`, `.` and `-`",
    meaning: "A network's name has characters that are not allowed in one.",
    fix: "Begin with a letter or digit; use letters, digits, `_`, `.` and `-`.",
  }),
  "bad-prefix": code<{ text: string } & ({ problem: string; fix: string | undefined } | { network: true })>({
    severity: "error",
    message: (found) =>
      "network" in found
        ? `\`${found.text}\` is not an IP address or prefix, but a network has this name`
        : `\`${found.text}\` is not an IP address or prefix: ${found.problem}`,
    hint: (found) => ("network" in found ? `Write \`network: ${found.text}\`` : found.fix),
    meaning: "A text is not an IP address or prefix.",
    fix: "Write `203.0.113.7` or `203.0.113.0/24`.",
  }),
  "mapped-length": code<{ text: string; length: string; meant: string | undefined }>({
    severity: "error",
    message: ({ text, length }) =>
      `\`${text}\` covers far more than IPv4: in this spelling, the length ${length} counts from the first bit of IPv6`,
    hint: ({ meant }) =>
      meant === undefined ? "Write the IPv4 address with its own length" : `Write ${meant}`,
    meaning:
      "An IPv4 address in its IPv6 spelling has a length shorter than /96, which is all of IPv4 and more.",
    fix: "Write the IPv4 address with its own length.",
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
    meaning:
      "An IPv6 prefix that ends in a colon is not in quotes, so YAML reads it as a key; or one is in brackets, which YAML reads as a list.",
    fix: "Put it in quotes, without brackets.",
  }),
  "cidr-and-network": code({
    severity: "error",
    message: "An entry is either a prefix or a network, not both",
    hint: "Split it into two entries",
    meaning: "An entry has both a prefix and a network.",
    fix: "Split it into two entries.",
  }),
  "file-and-cidrs": code({
    severity: "error",
    message: "A network has one of `source`, `file`, `cidrs` and `network`, not two of them",
    hint: "Split it into two networks, and name both where they are used",
    meaning: "A network has two of `source`, `file`, `cidrs` and `network`.",
    fix: "Split it into two networks.",
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
    meaning:
      "A network, or the file of its prefixes, is empty, or `except` leaves nothing of it, and `allow_empty` is not set.",
    fix: "Add a prefix or restore the file; `allow_empty: true` if it is meant to be empty.",
  }),
  "empty-include": code<{ file: string; path: string }>({
    severity: "error",
    message: ({ file }) => `The file \`${file}\` contains no network`,
    hint: ({ path }) =>
      `Restore the file; if it is meant to be empty, write \`{file: ${path}, allow_empty: true}\``,
    meaning: "An include file contains no network, and `allow_empty` is not set.",
    fix: "Restore the file; `allow_empty: true` if it is meant to be empty.",
  }),
  "rule-without-entries": code<{ rule: string; empty: readonly string[] }>({
    severity: "error",
    message: ({ rule, empty }) => `The rule \`${rule}\` has no entries${emptyBecause(empty)}`,
    hint: "Add an entry, or delete the rule; if it is meant to be empty, write `allow_empty: true` in it",
    meaning: "A rule has no entries, and `allow_empty` is not set.",
    fix: "Add an entry, or delete the rule; `allow_empty: true` if it is meant to be empty.",
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
    meaning: "A test expects nothing, and `allow_empty` does not say that it may.",
    fix: "Add `allowed:` or `denied:` with addresses; `allow_empty: true` if it is meant to be empty.",
  }),
  "empty-guard": code<{ key: string; empty: readonly string[] }>({
    severity: "error",
    message: ({ key, empty }) => `\`${key}\` guards nothing${emptyBecause(empty)}`,
    hint: "Add an address, or delete the line; if it is meant to be empty, write `allow_empty: true` under `guards`",
    meaning: "`must_allow` or `must_deny` is empty, and `allow_empty` does not say that it may be.",
    fix: "Add an address, or delete the line; `allow_empty: true` if it is meant to be empty.",
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
      "Enforcement is enabled and there are allow rules, in the policy or kept on the account, but none of their entries is in force: every address that is not denied would be allowed. No flag overrides this.",
    fix: "Add or renew an allow entry; if everybody should have access, delete the allow rules.",
  }),
  "allow-only-disabled": code<{ of: "policy" | "account" }>({
    severity: "error",
    message: ({ of }) =>
      of === "policy"
        ? "Every allow entry of this policy is disabled: it is not documented whether the account then lets in everybody or nobody"
        : "Every allow entry of the account would be disabled: it is not documented whether it then lets in everybody or nobody",
    hint: "Keep an allow entry in force; to lift the restrictions, set `enforcement: disabled`",
    meaning:
      "Enforcement is enabled and there are allow entries, but all of them are disabled. Whether a disabled allow entry counts for the default is not documented, so this may open the account or lock everybody out. No flag lets it pass.",
    fix: "Keep an allow entry in force, or set `enforcement: disabled`.",
  }),
  "duplicate-rule-name": code<{ rule: string; line: number }>({
    severity: "error",
    message: ({ rule }) => `Two rules are named \`${rule}\``,
    hint: ({ line }) => `Rename one of them: a rule is identified by its name; the first is in line ${line}`,
    meaning: "Two rules have the same name.",
    fix: "Rename one of them.",
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
    fix: "Remove it, or rename in two steps, each applied before the next.",
  }),
  "previous-name-twice": code<{ name: string; line: number }>({
    severity: "error",
    message: ({ name, line }) => `\`${name}\` is already a previous name in line ${line}`,
    hint: "A rule on the account can become only one rule of the policy: keep one of the two",
    meaning: "A previous name is used twice.",
    fix: "Keep one of the two.",
  }),
  "removed-rule-in-use": code<{ rule: string; line: number; previous: boolean }>({
    severity: "error",
    message: ({ rule, line, previous }) =>
      `\`${rule}\` is under \`removed_rules\`, but is also ${previous ? "a previous name of a rule" : "a rule of this policy"} in line ${line}`,
    hint: "Remove it from `removed_rules`, or delete the rule (or the previous name) here",
    meaning: "`removed_rules` names a rule of the policy, or one of its previous names.",
    fix: "Remove it from one of the two.",
  }),
  "removed-rule-twice": code<{ rule: string; line: number }>({
    severity: "error",
    message: ({ rule, line }) => `\`${rule}\` is already among the removed rules in line ${line}`,
    hint: "Keep one of the two",
    meaning: "A name appears twice in `removed_rules`.",
    fix: "Keep one of the two.",
  }),
  "duplicate-prefix": code<{ prefix: string; rule: string; text: string; first: string }>({
    severity: "error",
    message: ({ prefix, rule }) => `${prefix} appears twice in the rule \`${rule}\``,
    hint: ({ text, first }) => `Keep one of the two; the first is \`${text}\` in ${first}`,
    meaning: "A prefix appears twice in a rule, in whatever spelling.",
    fix: "Keep one of the two.",
  }),
  "allowed-and-denied": code<{ prefix: string; allow: string; deny: string; other: string }>({
    severity: "error",
    message: ({ prefix, allow, deny }) =>
      `${prefix} is both allowed and denied: allowed by \`${allow}\`, denied by \`${deny}\``,
    hint: ({ other }) => `Remove it from one of them; the other entry is in ${other}`,
    meaning: "A prefix is both allowed and denied.",
    fix: "Remove it from one of the two rules.",
  }),
  "undefined-network": code<{ network: string; meant: string | undefined }>({
    severity: "error",
    message: ({ network }) => `There is no network \`${network}\``,
    hint: ({ meant }) => didYouMean(meant) ?? "Define it under `networks`",
    meaning: "The policy uses a network that is not defined.",
    fix: "Define it under `networks`.",
  }),
  "duplicate-network": code<{ network: string; first: string }>({
    severity: "error",
    message: ({ network, first }) => `The network \`${network}\` is already defined in ${first}`,
    hint: "Rename one of the two",
    meaning: "A network is defined in two files.",
    fix: "Rename one of the two.",
  }),
  "duplicate-network-use": code<{ network: string }>({
    severity: "error",
    message: ({ network }) => `The network \`${network}\` is named twice here`,
    hint: "Keep one of the two",
    meaning: "A network is named twice in one list.",
    fix: "Keep one of the two.",
  }),
  "path-outside-policy-folder": code<{ path: string; reason: string }>({
    severity: "error",
    message: ({ path, reason }) => `The file \`${path}\` is not read: ${reason}`,
    hint: "Name a file in the policy's folder or in a folder below it, by a relative path",
    meaning: "A path is absolute or leads out of the policy's folder.",
    fix: "Name a file in the policy's folder or below it, by a relative path.",
  }),
  "file-missing": code<{ path: string; reason: string | undefined }>({
    severity: "error",
    message: ({ path, reason }) =>
      `The file \`${path}\` cannot be read${reason === undefined ? "" : `: ${reason}`}`,
    hint: "It must exist, be readable and be in the policy's folder; no symbolic link may lead out of it",
    meaning: "A file that the policy names cannot be read.",
    fix: "Check its name and its permissions; it must be in the policy's folder.",
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
    meaning: "A test of the policy fails, for the policy's rules alone or for the account after the plan.",
    fix: "Fix the rules or the test; `--allow-failed-tests` lets a plan pass.",
  }),
};
