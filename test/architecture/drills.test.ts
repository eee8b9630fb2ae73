/** `npm run drill` plays every drill: each test that plays only a share of its rounds in a normal run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const drills = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => join("test", name))
  .filter((name) => /from "(\.\.\/)+drills\.js"/.test(readFileSync(name, "utf8")));

it("names them all", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { drill: string } };
  const [, named = ""] = /vitest run (.*?) --/.exec(scripts.drill) ?? [];
  const names = named.split(" ");
  expect(drills.length).toBeGreaterThan(8);
  // As vitest takes them: a part of the path.
  expect(drills.filter((file) => !names.some((name) => file.includes(name)))).toEqual([]);
  expect(names.filter((name) => !drills.some((file) => file.includes(name)))).toEqual([]);
});
