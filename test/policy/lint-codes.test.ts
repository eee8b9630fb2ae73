import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lintCodes, lintExampleDay } from "../../src/model/codes/lint.js";
import { hintOf } from "../../src/model/diagnostic.js";
import { check, codes } from "./reading.js";

/** What the examples with a text file read. */
const files = {
  "partners.txt": "203.0.113.0/24\n198.51.100.0/24 # main site\n",
  "repeated.txt": "203.0.113.0/24\n198.51.100.0/24\n203.0.113.0/24\n",
};
const now = `${lintExampleDay}T12:00:00Z`;

describe("every lint code", () => {
  for (const [code, { severity, bad, good }] of Object.entries(lintCodes)) {
    it(`${code} fires on its bad example, with its severity and a place`, () => {
      const found = check(bad, { files, now }).diagnostics.filter((diagnostic) => diagnostic.code === code);
      expect(found).not.toEqual([]);
      for (const diagnostic of found) {
        expect(diagnostic.severity).toBe(severity);
        expect(diagnostic.source).toBeDefined();
        expect(hintOf(diagnostic)).toBeDefined();
      }
    });

    it(`${code} does not fire on its good example, which is a valid policy`, () => {
      const { diagnostics, policy } = check(good, { files, now });
      expect(policy).toBeDefined();
      expect(codes(diagnostics)).not.toContain(code);
    });

    it(`${code} can be switched off and made an error`, () => {
      const off = check(`${bad}lint: {${code}: off}\n`, { files, now });
      expect(codes(off.diagnostics)).not.toContain(code);
      expect(off.policy).toBeDefined();
      const strict = check(`${bad}lint: {${code}: error}\n`, { files, now });
      expect(strict.diagnostics.find((diagnostic) => diagnostic.code === code)?.severity).toBe("error");
    });
  }
});

describe("what is made from the catalogue", () => {
  it("the policy schema knows exactly these codes", () => {
    const schema: unknown = JSON.parse(readFileSync("schemas/policy.schema.json", "utf8"));
    const properties = Object.fromEntries(
      Object.entries(lintCodes).map(([code, { severity, title }]) => [
        code,
        { description: `${title}. \`${severity}\` unless set.`, $ref: "#/$defs/severity" },
      ]),
    );
    expect(schema).toMatchObject({ $defs: { lint: { properties } } });
    const known = (schema as { $defs: { lint: { properties: object } } }).$defs.lint.properties; // as asserted above
    expect(Object.keys(known)).toEqual(Object.keys(properties));
  });
});
