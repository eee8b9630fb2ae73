/** What an editor makes of the published schemas: which prefixes it flags, and what it offers. */
import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";

const read = (name: string): object => JSON.parse(readFileSync(`schemas/${name}.schema.json`, "utf8"));
const compile = (name: string) => {
  const ajv = new Ajv2020({ strict: true });
  formats.default(ajv);
  return ajv.compile(read(name));
};
const validate = compile("policy");
const accepts = (entry: unknown): boolean =>
  validate({ version: 1, rules: [{ name: "Office", type: "allow", cidrs: [entry] }] });

describe("the schema of a policy", () => {
  it.each(["10.0.0.300/8", "10.0.0.0/33", "10.0.0/8", "010.0.0.0/8", "2001:db8::/129", "office", ""])(
    "flags %j",
    (text) => {
      expect(accepts(text)).toBe(false);
      expect(accepts({ cidr: text })).toBe(false);
    },
  );

  it.each([
    "10.0.0.0/8",
    "255.255.255.255",
    "0.0.0.0/0",
    "::/0",
    "2001:DB8::1",
    "::ffff:192.0.2.1/128",
    "2001:db8::/32",
  ])("takes %j", (text) => {
    expect(accepts(text)).toBe(true);
    expect(accepts({ cidr: text })).toBe(true);
  });
});

const objectsOffered = (schema: unknown): readonly unknown[] => {
  if (typeof schema !== "object" || schema === null) return [];
  const { examples = [] } = schema as { examples?: unknown };
  const here = Array.isArray(examples)
    ? examples.filter((one) => typeof one === "object" && one !== null && !Array.isArray(one))
    : [];
  return [...here, ...Object.values(schema).flatMap(objectsOffered)];
};

// yaml-language-server offers an example as `String(example)`, which is "[object Object]" for an object.
it.each(["policy", "networks"])("%s: no example is an object", (name) => {
  expect(objectsOffered(read(name))).toEqual([]);
});

it.each(readdirSync("schemas").flatMap((file) => (file.endsWith(".schema.json") ? file.slice(0, -12) : [])))(
  "%s: ajv takes it in strict mode",
  (name) => {
    expect(() => compile(name)).not.toThrow();
  },
);
