/** What a message offers for pasting is what it means, and nothing that cannot be seen is in it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { yamlName } from "../../src/model/shell.js";

it("writes any name into a list of YAML as that name", () => {
  const unit = fc.oneof(
    fc.constantFrom(..."a 1-,]\"'\\:#\n\u200b\u202e\u2028\u0085"),
    fc.string({ minLength: 1, maxLength: 1, unit: "grapheme" }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.constantFrom("on", "No", "null", "", "~", "1")), (name) => {
      const item = yamlName(name);
      expect(parse(`[${item}]`)).toEqual([name]);
      expect(item).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
    }),
  );
});
