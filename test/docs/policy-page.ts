/** docs/policy.md, from the published schema: every key with its type, default and description. */
/** As much of JSON Schema as the reference shows. */
interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  /** A choice between types, or between keys. */
  readonly anyOf?: readonly Schema[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  integer: "number",
  boolean: "true or false",
  array: "list",
  object: "mapping",
};

class Reference {
  readonly #root: Schema;
  readonly #lines: string[] = [];

  constructor(root: Schema) {
    this.#root = root;
  }

  render(): string {
    this.#keys("", this.#root);
    return ["| key | value | |", "|---|---|---|", ...this.#lines].join("\n");
  }

  /** With what a `$ref` stands for; what is said beside the reference wins. */
  #resolve(schema: Schema): Schema {
    const name = schema.$ref?.replace("#/$defs/", "");
    const target = name === undefined ? undefined : this.#root.$defs?.[name];
    return target === undefined ? schema : { ...this.#resolve(target), ...schema };
  }

  #keys(path: string, schema: Schema): void {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const key = path === "" ? name : `${path}.${name}`;
      this.#key(key, this.#resolve(property), schema.required?.includes(name) ?? false);
    }
  }

  #key(key: string, schema: Schema, required: boolean): void {
    const cells = [`\`${key}\``, this.#facts(schema, required), schema.description ?? ""];
    this.#lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
    // Lint codes have a page of their own.
    if (key !== "lint") this.#below(key, schema);
  }

  /** The keys of a mapping or of a list's mappings, or of what may be one of them. */
  #below(key: string, schema: Schema): void {
    this.#keys(key, schema);
    if (schema.items !== undefined) this.#below(`${key}[]`, this.#resolve(schema.items));
    for (const branch of schema.anyOf ?? [])
      if (branch.type !== undefined) this.#below(key, this.#resolve(branch));
    if (typeof schema.additionalProperties === "object")
      this.#below(`${key}.NAME`, this.#resolve(schema.additionalProperties));
  }

  #facts(schema: Schema, required: boolean): string {
    const { type, anyOf = [], enum: words, const: only, default: preset } = schema;
    const types = [type, ...anyOf.map((branch) => branch.type)].filter((name) => name !== undefined);
    const kinds =
      only !== undefined
        ? [`\`${String(only)}\``]
        : words !== undefined
          ? words.map((word) => `\`${String(word)}\``)
          : types.map((name) => typeNames[name] ?? name);
    const rest = required
      ? "required"
      : preset === undefined
        ? "optional"
        : `default: \`${typeof preset === "object" ? JSON.stringify(preset) : String(preset)}\``;
    return `${kinds.join(" or ")}; ${rest}`;
  }
}

const introduction = `<!-- Made from schemas/policy.schema.json by test/docs/policy-page.ts; do not edit.
     Update: npm run docs -->
# The policy file

A policy is one YAML file for one account. It is the desired state: what the file says is what the account gets.

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/dbt-ip-rules/schemas/policy.schema.json
version: 1
account:
  id: 66847
  host: ab123.us1.dbt.com
enforcement: enabled
unmanaged_rules: keep
removed_rules: [Old partner] # deleted from the account

networks:
  office:
    - 203.0.113.0/24
    - "2001:db8:10::/48" # the quotes are needed only if it ends in "::"

rules:
  - name: Corporate VPN
    type: allow
    description: Staff
    cidrs:
      - network: office
      - 198.51.100.0/24
      - cidr: 192.0.2.44
        comment: contractor, TICKET-123
        expires: 2027-01-15
  - name: Guest network
    type: deny
    cidrs: [203.0.113.96/27]

tests:
  - name: the office has access, its guests do not
    allowed: [203.0.113.10, 198.51.100.0/25]
    denied: [203.0.113.100, 192.0.2.45]

guards:
  must_allow: [203.0.113.10]
  must_deny: [192.0.2.0/28]
  max_removed_rules: 3
  max_newly_allowed: { ipv4: 65536, ipv6: /32 }

lint:
  documentation-range: off
\`\`\`

The first line lets your editor complete and explain the keys. \`dbt-ip-rules validate\` checks the file offline,
\`dbt-ip-rules fmt\` formats it, and \`dbt-ip-rules import\` writes it from an existing account. More files are in
\`examples/policies/\`. Every error is explained in [errors.md](errors.md#the-policys-text); what is valid but
probably not intended, in [lint.md](lint.md).

## How access is decided

- The most specific entry that contains an address decides, whichever rule it is in. Above, the deny of
  \`203.0.113.96/27\` is an exception from the office's \`203.0.113.0/24\`.
- An address that no entry contains is denied if there is any allow entry, otherwise allowed.
- \`203.0.113.7\`, \`203.0.113.7/32\` and \`::ffff:203.0.113.7\` are the same prefix. So \`::/0\` is taken to cover IPv4
  too; the service does not document this, so write \`0.0.0.0/0\` as well.
- A prefix cannot be both allowed and denied, and cannot appear twice in a rule, in any spelling.

## Prefixes

IPv4 has four decimal parts without leading zeros. There are no short forms, ranges, netmasks, zone ids or host names.
Write IPv6 that ends in \`::\` in quotes, or YAML takes the last colon for the end of a key. Bits below the length
(\`203.0.113.7/24\`) and a bare \`0.0.0.0\` or \`::\` are errors, because it is unclear what was meant. If \`lint\` lowers
them, they mean what the service takes them for: the network, and the single address.

## Deleting and renaming a rule

\`\`\`yaml
removed_rules: [Old partner] # deleted from the account

rules:
  - name: Corporate VPN
    previous_names: [VPN] # renamed, not deleted and created
\`\`\`

Taking a rule out of \`rules\` does not delete it, unless \`unmanaged_rules: delete\` is set. Name it in
\`removed_rules\`: then it is deleted, also under \`keep\` and \`fail\`, and counts in \`max_removed_rules\`. Once it is
gone, a note says that the line may go. A rule's name or previous name in \`removed_rules\` is an error.

\`plan\` and \`drift\` warn, first of all, about a rule that left the file but stays on the account, and about a rename
without \`previous_names\`. They know what the file held before from \`--base FILE\`, or from the newest receipt of the
account in \`.dbt-ip-rules/receipts\`; the action passes the policy of the pull request's target branch.

## Disabling an entry or a rule

\`\`\`yaml
rules:
  - name: Corporate VPN
    type: allow
    cidrs:
      - 198.51.100.0/24
      - cidr: 192.0.2.44
        enabled: false # stays on the account, without effect
  - name: Summer school
    type: allow
    enabled: false # all of its entries
    cidrs: [203.0.113.128/25]
\`\`\`

Disabling an allow entry takes access away, disabling a deny entry gives it back, and a plan shows and orders it so. The
entry keeps its id. \`import\` writes entries that are disabled on the account, \`explain\` names them. With \`expires\`
too, the entry leaves the account when its time has come. A prefix that is both in force and disabled in one rule is an
error, also by a network.

While the account is enforced, at least one allow entry must be in force: where all of them are disabled, it is not
documented whether everybody has access or nobody, and nothing waives that (\`allow-only-disabled\`,
[decision](decisions/disabled-entries.md)).

## Expiry

An entry with \`expires: 2027-01-15\` is in force until the end of 2027-01-14, UTC, and one with
\`expires: 2027-01-15T18:00Z\` until that instant. After that, the next plan removes it, or
[\`apply --only-expired\`](apply.md#entries-that-expire).
Nothing happens on the account without an apply: run one on a schedule. If a network and its use both have a date, the
earlier one counts.

## Empty lists

A list that became empty by accident can open the account: without any allow entry, everybody has access; without its
entries, a deny rule blocks nobody, and a test or a guard checks nothing. So these are errors, unless
\`allow_empty: true\` says that it is meant:

| what is empty | where to write \`allow_empty: true\` |
|---|---|
| a network | \`office: {allow_empty: true, cidrs: []}\` |
| the file of a network | \`blocklist: {file: lists/blocklist.txt, allow_empty: true}\` |
| an included file (no networks) | \`include: [{file: shared/networks.yaml, allow_empty: true}]\` |
| a rule | in the rule |
| \`allowed\` or \`denied\` of a test | in the test |
| \`must_allow\` or \`must_deny\` | under \`guards\`, for both |

Each is checked by itself: a rule whose only network may be empty needs its own \`allow_empty\`. \`import\` writes it for
a rule that is empty on the account.

A rule may become empty because its entries expire. But if there are allow rules, at least one allow entry must be in
force while the account is enforced. Otherwise, the policy (\`enforcement: enabled\`) or the plan (\`enforcement: ignore\`)
is refused with \`no-allow-in-force\`. Neither \`allow_empty\` nor \`lint\` nor any flag waives that. A policy of deny rules
alone is valid: to open the account except for them, delete the allow rules.

## Guards

Guards check a plan before its first write. Without any in the file, a plan may delete at most 3 rules, and newly allow at
most 65,536 IPv4 addresses (a /16) and 2^96 IPv6 addresses (a /32). Each refusal names the flag that lets it pass once
([apply.md](apply.md#guards-and-overrides)). \`max_newly_allowed: {ipv4: /0, ipv6: /0}\` and \`max_removed_rules: "100%"\`
set no limit. \`max_cut_off: 0\` asks the audit log whom a plan would cut off ([replay.md](replay.md#as-a-guard-of-plans)).

## Files

\`include\` and \`networks.NAME.file\` are relative paths with \`/\` inside the policy's folder: no absolute path, no \`..\`
that leads out, no symbolic link that leads out, nothing in \`.git\`. A path in an included file is relative to that file.
A text file has one prefix per line and \`#\` comments, and may have hundreds of thousands of lines. A YAML file may have
two million characters, all text files of a policy together 64 MiB.

## Keys

\`NAME\` is a name that you choose, \`[]\` an item of a list. A prefix list (under \`networks.NAME\`, \`cidrs\`, \`allowed\`,
\`denied\`, \`must_allow\`, \`must_deny\`) takes prefixes as text or as mappings; \`networks.NAME\` may be a mapping with \`file\` or \`cidrs\` instead.
`;

/** `schema` is the parsed schemas/policy.schema.json. */
export const renderPolicyDocs = (schema: Schema): string =>
  `${introduction}\n${new Reference(schema).render()}\n`;
