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
  boolean: "boolean",
  array: "list",
  object: "mapping",
};

class Reference {
  readonly #root: Schema;
  /** The keys of each row, by what the row says of them. */
  readonly #rows = new Map<string, string[]>();

  constructor(root: Schema) {
    this.#root = root;
  }

  render(): string {
    this.#keys("", this.#root);
    const lines = [...this.#rows].map(([text, keys]) => `| ${keys.join(", ")} | ${text} |`);
    return ["| key | value | |", "|---|---|---|", ...lines].join("\n");
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
    const cells = [this.#facts(schema, required), schema.description ?? ""];
    const text = cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ");
    this.#rows.set(text, [...(this.#rows.get(text) ?? []), `\`${key}\``]);
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
      ? ["required"]
      : preset === undefined
        ? []
        : [`default: \`${typeof preset === "object" ? JSON.stringify(preset) : String(preset)}\``];
    return [kinds.join(" or "), ...rest].join("; ");
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

The first line lets your editor complete and explain the keys. \`dbt-ip-rules validate\` checks the file offline, \`fmt\` formats it,
\`import\` writes it from an account. More: \`examples/policies/\`, [errors.md](errors.md), [lint.md](lint.md).

## How access is decided

- The most specific entry that contains an address decides, whichever rule it is in. Above, the deny of
  \`203.0.113.96/27\` is an exception from the office's \`203.0.113.0/24\`.
- An address that no entry contains is denied if there is any allow entry, otherwise allowed.
- \`203.0.113.7\`, \`203.0.113.7/32\` and \`::ffff:203.0.113.7\` are the same prefix. \`::/0\` is taken to cover IPv4 too;
  the service does not document this, so write \`0.0.0.0/0\` as well.
- A prefix cannot be both allowed and denied, and cannot appear twice in a rule.

IPv4 has four decimal parts without leading zeros. Write IPv6 that ends in \`::\` in quotes, or YAML takes the last colon
for the end of a key. Bits set below the length (\`203.0.113.7/24\`) and a bare \`0.0.0.0\` or \`::\` are errors. If \`lint\`
lowers them, they mean what the service makes of them: the network, and the single address.

## Deleting and renaming a rule

\`\`\`yaml
removed_rules: [Old partner] # deleted from the account

rules:
  - name: Corporate VPN
    previous_names: [VPN] # renamed, not deleted and created
\`\`\`

Taking a rule out of \`rules\` does not delete it, unless \`unmanaged_rules: delete\` is set. \`plan\` and \`drift\` warn about a rule
that left the file but stays on the account, and about a rename without \`previous_names\`, by \`--base FILE\` (the action passes
it) or the newest receipt of the account.

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

A plan treats disabling as removing, and enabling as adding; the entry keeps its id. With \`expires\`, it leaves the account when its
time has come. On an enforced account at least one allow entry must be in force ([why](decisions/disabled-entries.md)).

**For a week:** nothing enables an entry again by itself, since that gives access, which takes a review. So prepare the way back at
once: *Revert* on the merged pull request (\`git revert -m 1 MERGE\` on a branch) opens another, whose comment shows who gets back
in. Keep it as a draft until the day, then merge it.

## Expiry

\`expires: 2027-01-15\` is in force until the end of 2027-01-14, UTC; \`expires: 2027-01-15T18:00Z\` until that instant. If a
network and its use both have a date, the earlier one counts. **Nothing happens on the account without an apply**: run
[\`apply --only-expired\`](apply.md#entries-that-expire) on a schedule.

## Empty lists

Without any allow entry, everybody has access. So an empty list is an error, unless \`allow_empty: true\` says that it is meant:

- a network, its file, or an included file without networks: in its mapping
  (\`blocklist: {file: lists/blocklist.txt, allow_empty: true}\`);
- a rule, also by its only network: in the rule;
- \`allowed\` or \`denied\` of a test: in the test; \`must_allow\` or \`must_deny\`: under \`guards\`, for both.

If there are allow rules and none of their entries is in force, for example because all have expired, an enforced account is
refused (\`no-allow-in-force\`), and nothing overrides that. A policy of deny rules alone is valid.

## Guards

A policy without guards has the defaults [below](#keys): at most 3 rules deleted, and a /16 of IPv4 and a /32 of IPv6 addresses
newly allowed. Each refusal names the flag that lets it pass once ([all guards](apply.md#guards-and-overrides)). \`max_newly_allowed: {ipv4: /0, ipv6: /0}\` and \`max_removed_rules: "100%"\`
set no limit. \`max_cut_off: 0\` asks the audit log who would be cut off ([replay.md](replay.md#as-a-guard-of-plans)).

## Files

Paths are relative to the file that names them, with \`/\`, and stay inside the policy's folder, symbolic links too; nothing
in \`.git\`. A YAML file may have two million characters, all text files of a policy together 64 MiB. Lists:
[lists.md](lists.md).

## Keys

\`NAME\` is a name that you choose, \`[]\` an item of a list. Wherever prefixes are listed, an item is a text or a mapping;
\`networks.NAME\` may also be a mapping with \`cidrs\`, \`file\`, \`source\` or \`network\`.
`;

/** `schema` is the parsed schemas/policy.schema.json. */
export const renderPolicyDocs = (schema: Schema): string =>
  `${introduction}\n${new Reference(schema).render()}\n`;
