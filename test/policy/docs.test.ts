import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renderLintDocs } from "../docs/lint-page.js";
import { renderPolicyDocs } from "../docs/policy-page.js";
import { check } from "./reading.js";

const readSchema = (name: string) => JSON.parse(readFileSync(`schemas/${name}.schema.json`, "utf8"));

describe("docs/policy.md", () => {
  const docs = renderPolicyDocs(readSchema("policy"));

  it("is current (update: npm run docs)", async () => {
    await expect(docs).toMatchFileSnapshot("../../docs/policy.md");
  });

  it("has one row for every key that the schema knows", () => {
    for (const key of [
      "account.host",
      "rules[].cidrs[].expires",
      "networks.NAME.file",
      "guards.max_newly_allowed.ipv6",
      "tests[].denied[].network",
    ])
      expect(
        docs.split("\n").filter((line) => line.startsWith("| ") && line.includes(`\`${key}\``)),
      ).toHaveLength(1);
  });
});

describe("the example of docs/policy.md", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(renderPolicyDocs(readSchema("policy")))?.[1] ?? "";

  it("is a valid policy without a warning", () => {
    const { policy, diagnostics } = check(example);
    expect(policy?.rules).toHaveLength(2);
    expect(diagnostics.filter(({ severity }) => severity !== "note")).toEqual([]);
  });
  it("shows every key at the top of a policy, but those for several files", () => {
    const keys = Object.keys(readSchema("policy").properties).filter((key) => key !== "include");
    for (const key of keys) expect(example).toMatch(new RegExp(`^${key}:`, "m"));
  });
});

describe("docs/lint.md", () => {
  it("is current (update: npm run docs)", async () => {
    await expect(renderLintDocs()).toMatchFileSnapshot("../../docs/lint.md");
  });
});

describe("the published schemas", () => {
  it.each(["networkName", "networks", "network", "networkEntry", "reach", "test", "guards", "addressLimit"])(
    "say of `%s` in a file of checks what they say of it in a policy",
    (name) => expect(readSchema("checks").$defs[name]).toEqual(readSchema("policy").$defs[name]),
  );

  it("agree on what networks are", () => {
    const policy = readSchema("policy");
    const networks = readSchema("networks");
    for (const [name, definition] of Object.entries(networks.$defs))
      expect(policy.$defs[name]).toEqual(definition);
    expect(networks.properties.networks).toEqual(policy.properties.networks);
  });

  it("describe every property", () => {
    const visit = (schema: Record<string, unknown>, path: string): string[] => {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>);
      return properties.flatMap(([name, property]) => [
        ...("description" in property || "$ref" in property ? [] : [`${path}.${name}`]),
        ...visit(property, `${path}.${name}`),
      ]);
    };
    const { $defs, ...root } = readSchema("policy");
    expect(
      [root, ...Object.values($defs)].flatMap((each) => visit(each as Record<string, unknown>, "")),
    ).toEqual([]);
  });

  it("tell the defaults that the code has", () => {
    const { max_removed_rules, max_newly_allowed } = readSchema("policy").$defs.guards.properties;
    const { enforcement, unmanaged_rules } = readSchema("policy").properties;
    const written = check(
      `version: 1\nrules: []\nenforcement: ${enforcement.default}\nunmanaged_rules: ${unmanaged_rules.default}\n` +
        `guards: ${JSON.stringify({ max_removed_rules: max_removed_rules.default, max_newly_allowed: max_newly_allowed.default })}\n`,
    );
    expect(written.policy).toBeDefined();
    const { policy } = check("version: 1\nrules: []\n");
    expect({ ...written.policy, keySources: {} }).toEqual({ ...policy, keySources: {} });
  });
});
