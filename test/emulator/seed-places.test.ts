/** What is wrong with a seed is said as of a policy: file, line and column, the line itself, and what to do. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dbtIpRules, newFolder } from "../cli/world.js";

it.each<[what: string, text: string, place: string, line: string]>([
  ["no YAML", "rules:\n  - name: [A\n", "2:12", "  - name: [A"],
  ["an unknown key", "rules: []\nenabeld: true\n", "2:1", "enabeld: true"],
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
  expect(ran.stderr).toContain("      hint: ");
});

it("says all that its schema finds, in the words of a policy's problems", async () => {
  const cwd = await newFolder();
  const text = `enabled: maybe
rules:
  - name: A
    typ: allow
    cidrs: [{ cidr: 7 }, 1.2.3.4]
  - { name: B, type: alow, cidrs: [{ cidr: 1.2.3.4, enabeld: false }, 5] }
`;
  await writeFile(join(cwd, "seed.yaml"), text);
  const ran = await dbtIpRules({ cwd }, "emulator", "--account", "1", "--token", "t", "--seed", "seed.yaml");
  const said = [
    ...ran.stderr.matchAll(/^seed\.yaml:(\S+) error\[emulator-seed\]: The seed cannot be used: (.*)$/gm),
  ];
  expect(said.map(([, place, words]) => `${place} ${words}`)).toEqual([
    "1:10: `enabled` must be true or false, but this is text",
    "4:5: The key `typ` is not known here",
    "5:21: `cidr` must be text, but this is the number 7",
    "6:22: `type` must be `allow` or `deny`, but this is `alow`",
    "6:53: The key `enabeld` is not known here",
    "6:71: An item of `cidrs` must be text, but this is the number 5",
  ]);
  expect(ran.stderr).toContain("hint: Did you mean `enabled`?\n");
});
