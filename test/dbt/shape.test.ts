/** Shapes hold keys and types, and no value: not even one that is a key. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeOf } from "../../src/dbt/shape.js";

describe("the shape of a value", () => {
  it.each([
    [null, "null"],
    ["a name", "string"],
    [[], []],
    [[1, 2], ["number"]],
    [[1, null, "x"], ["null | number | string"]],
    [
      { id: 1, name: "Office" },
      { id: "number", name: "string" },
    ],
    [[{ id: 1 }, { id: 2, name: "Office" }], [{ id: "number", "name?": "string" }]],
    [[{ id: 1 }, null], [{ "one of": [{ id: "number" }, "null"] }]],
    [[{ id: 1 }, [1], 2, { id: null }], [{ "one of": [["number"], { id: "null | number" }, "number"] }]],
    [{ data: [[], [1]] }, { data: [["number"]] }],
  ])("%j", (value, shape) => {
    expect(shapeOf(value)).toEqual(shape);
  });

  it("names no key that it does not know", () => {
    const byName = { data: { "Partner Ltd": { id: 1 }, "192.0.2.1": { id: "x" }, __proto__x: null } };
    expect(shapeOf(byName)).toEqual({
      data: { "(other key)": { "one of": [{ id: "number | string" }, "null"] } },
    });
    expect(shapeOf(JSON.parse('{"__proto__": {"secret": 1}, "constructor": 2}'))).toEqual({
      "(other key)": { "one of": [{ "(other key)": "number" }, "number"] },
    });
  });

  it("holds nothing of any value", () => {
    const secret = "s3cr3t";
    const { value: withSecrets } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(secret, null, true, 5417293),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(secret, "id", "data", `${secret}?`), tie("value")),
      ),
    }));
    fc.assert(
      fc.property(fc.array(withSecrets), (values) => {
        const text = JSON.stringify(shapeOf({ data: values, [secret]: values }));
        expect(text).not.toMatch(/s3cr3t|5417293/);
        expect(text.replace(/"[^"]*"/g, "")).toMatch(/^[[\]{},:]*$/);
      }),
    );
  });
});
