/** docs/policy.md, from the published schema: every key with its type, default, description and example. */
import { stringify } from "yaml";
import { policyProblems } from "./problem-codes.js";

/** As much of JSON Schema as the reference shows. */
interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly then?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  integer: "number",
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
    return this.#lines.join("\n");
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
    this.#lines.push(`### \`${key}\``, "", this.#facts(schema, required), "", schema.description ?? "", "");
    const [example] = schema.examples ?? [];
    if (example !== undefined) {
      const name = key.slice(key.lastIndexOf(".") + 1);
      const text = stringify({ [name]: example }, { lineWidth: 0, flowCollectionPadding: false });
      this.#lines.push("```yaml", text.trimEnd(), "```", "");
    }
    // Lint codes have a page of their own.
    if (key !== "lint") this.#below(key, schema);
  }

  #below(key: string, schema: Schema): void {
    this.#keys(key, schema);
    if (schema.then !== undefined) this.#keys(key, this.#resolve(schema.then));
    if (schema.items !== undefined) {
      const item = this.#resolve(schema.items);
      this.#keys(`${key}[]`, item);
      if (item.then !== undefined) this.#keys(`${key}[]`, this.#resolve(item.then));
    }
    if (typeof schema.additionalProperties === "object")
      this.#below(`${key}.NAME`, this.#resolve(schema.additionalProperties));
  }

  #facts({ type, enum: words, const: only, default: preset }: Schema, required: boolean): string {
    const types = type === undefined ? [] : typeof type === "string" ? [type] : type;
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
    return `*${kinds.join(" or ")}; ${rest}*`;
  }
}

const introduction = `<!-- Made from schemas/policy.schema.json by src/policy/policy-docs.ts; do not edit.
     Update: npm run docs -->
# The policy file

A policy is one YAML file for one account. It is the desired state: what the file says is what the account gets.
Unknown keys are errors, and so is an empty file: it never means to delete everything.

Let your editor complete and explain the keys: put this line first.

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/dbt-ip-rules/schemas/policy.schema.json
\`\`\`

\`dbt-ip-rules validate\` checks the file offline, \`dbt-ip-rules fmt\` puts it in canonical form, and
\`dbt-ip-rules import\` writes it from an existing account. Complete files are in \`examples/policies/\`.

## How access is decided

- The most specific entry that holds an address wins, whichever rule it is in: a deny of \`203.0.113.96/27\` cuts a
  hole into an allow of \`203.0.113.0/24\`, and an allow of \`203.0.113.100\` lets one address of the hole in again.
- An address that no entry holds is denied as soon as there is any allow entry, and allowed where there is none.
- IPv4 addresses are those of \`::ffff:0:0/96\`: \`203.0.113.7\`, \`203.0.113.7/32\` and \`::ffff:203.0.113.7\` are one
  prefix. It follows that \`::/0\` is taken to cover IPv4 too; the service does not say so, hence write \`0.0.0.0/0\`
  beside it.
- The same prefix cannot be allowed and denied, nor stand twice in a rule, in whatever spelling.

## Prefixes

Prefixes are read strictly, so that no two programs read one text differently: four decimal parts without leading
zeros, no short forms, no ranges, netmasks, zone ids or host names. Write IPv6 that ends in \`::\` in quotes, or
YAML takes its last colon for the end of a key. Bits below the length (\`203.0.113.7/24\`) and a bare \`0.0.0.0\` or
\`::\` are errors, since one cannot tell what was meant; \`lint\` can lower them, and then the service's reading counts:
the network, and the one address.

## Expiry

An entry with \`expires: 2027-01-15\` is in force to the end of 2027-01-14, UTC, and absent from the 15th on: the next
plan shows its removal with the date as the reason. Nothing happens on the account without an apply; run one on a
schedule. An entry through a network expires on the earlier of its own date and the date beside \`network\`.

## Guards and their defaults

Guards look at a plan before its first write. Without any in the file, a plan may delete at most 3 rules, and let in
at most 65,536 IPv4 addresses (a /16) and 2^96 IPv6 addresses (a /32, what a registry gives a whole provider) that
were blocked before. More than that in one step is rarely meant, and where it is, each refusal names the flag that
lets it pass once. \`max_newly_allowed: {ipv4: /0, ipv6: /0}\` and \`max_removed_rules: "100%"\` set no limit.

## Files that a policy names

\`include\` and \`networks.NAME.file\` take relative paths with \`/\`, inside the policy's folder: no absolute path, no way
out by \`..\`, and no symbolic link that leads out. A path in an include file is relative to that file. Text files have
one prefix a line and \`#\` comments; a hundred thousand lines are ordinary, because they do not pass through YAML. A
YAML file itself may have two million characters.

## Keys
`;

const problems = (): string =>
  [
    "## Problems",
    "",
    "What can be wrong with a policy, by the code that every message carries. All of these are errors. What is legal and",
    "probably not meant is in [lint.md](lint.md).",
    "",
    "| code | meaning |",
    "|---|---|",
    ...Object.entries(policyProblems).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`),
  ].join("\n");

/** `schema` is the parsed schemas/policy.schema.json. */
export const renderPolicyDocs = (schema: Schema): string =>
  `${introduction}\n${new Reference(schema).render()}\n${problems()}\n`;
