/** What is wrong with a seed is said as of a policy: file, line and column, the line itself, and what to do. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dbtIpRules, newFolder } from "../cli/world.js";

it.each<[what: string, text: string, place: string, line: string]>([
  ["no YAML", "rules:\n  - name: [A\n", "2:12", "  - name: [A"],
  ["an unknown key", "rules: []\nenabeld: true\n", "2:10", "enabeld: true"],
  ["a wrong type", "rules:\n  - name: 7\n    type: allow\n    cidrs: []\n", "2:11", "  - name: 7"],
  [
    "what is no range",
    "rules:\n  - name: A\n    type: allow\n    cidrs:\n      - 203.0.113.0/24\n      - 10.0.0.300\n",
    "6:9",
    "      - 10.0.0.300",
  ],
  [
    "a range twice",
    "rules:\n  - { name: A, type: allow, cidrs: [1.2.3.4, { cidr: 1.2.3.4/32 }] }\n",
    "2:46",
    "{ cidr: 1.2.3.4/32 }",
  ],
  [
    "an id twice",
    "rules:\n  - { id: 5, name: A, type: allow, cidrs: [] }\n  - { id: 5, name: B, type: deny, cidrs: [] }\n",
    "3:11",
    "{ id: 5, name: B",
  ],
])("%s", async (_, text, place, line) => {
  const cwd = await newFolder();
  await writeFile(join(cwd, "seed.yaml"), text);
  const ran = await dbtIpRules({ cwd }, "emulator", "--account", "1", "--token", "t", "--seed", "seed.yaml");
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(`seed.yaml:${place}: error[emulator-seed]: The seed `);
  expect(ran.stderr).toContain(line);
  expect(ran.stderr).toMatch(/^ +\| +\^+$/m);
  expect(ran.stderr).toContain("hint: docs/emulator.md shows what a seed may contain");
});
