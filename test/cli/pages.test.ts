/** What the pages of docs/ tell to type works as typed, from the first line of a page to its last. */
import { readFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dbtIpRules, newAccount, newFolder, token } from "./world.js";

/** The lines in `sh` blocks and, in the first table of a page, the commands of its second column. */
const commandsOf = (page: string): string[] => {
  const text = readFileSync(`docs/${page}.md`, "utf8");
  const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const cells = [...text.matchAll(/^\| [^|]* \| `(dbt-ip-rules [^`]*)` \|$/gm)].map(([, cell = ""]) => cell);
  return [...cells, ...blocks]
    .map((line) => line.trim())
    .filter((line) => line.startsWith("dbt-ip-rules ") && !/ FILE\b|^dbt-ip-rules emulator/.test(line))
    .map((line) => line.replace(/^dbt-ip-rules /, "").replace(/ +#.*/, ""));
};

/** As a shell splits it, in a folder where `policies/` holds two policies. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)]
    .map(([all, single, double]) => single ?? double ?? all)
    .flatMap((word) => (word === "policies/*.yaml" ? ["policies/eu.yaml", "policies/us.yaml"] : [word]));

const policy = (id: number, host: string): string =>
  `version: 1\naccount: { id: ${id}, host: "${host}" }\nlint: { documentation-range: off }\n` +
  "rules:\n  - { name: Office, type: allow, cidrs: [203.0.113.0/24] }\n  - { name: VPN, type: allow, cidrs: [198.51.100.7] }\n";

const seed = {
  enabled: true,
  rules: [{ name: "Office", type: "allow" as const, cidrs: ["203.0.113.0/24"] }],
  events: [{ type: "login.sso.succeeded", seconds_ago: 3600, actor: { id: 5001, ip: "203.0.113.7" } }],
};
const tokens = [{ token, kind: "personal" as const, role: "admin" as const, name: "somebody" }];

/** Pages whose first command makes the policy. */
const withoutPolicy = ["ci", "first-enforcement"];

it.each([
  ["apply", 6],
  ["audit", 10],
  ["ci", 5],
  ["drift", 2],
  ["emulator", 6],
  ["first-enforcement", 5],
  ["formats", 6],
])("docs/%s.md", async (page, count) => {
  const lines = commandsOf(page);
  expect(lines).toHaveLength(count);
  const cwd = await newFolder();
  const account = await newAccount(66847, seed, { tokens });
  const [eu, us] = [await newAccount(1, seed, { tokens }), await newAccount(2, seed, { tokens })];
  await mkdir(join(cwd, "policies"));
  await writeFile(join(cwd, "policies/eu.yaml"), policy(1, eu.url));
  await writeFile(join(cwd, "policies/us.yaml"), policy(2, us.url));
  if (!withoutPolicy.includes(page)) {
    for (const name of ["policy", "base", "rehearsal"])
      await writeFile(join(cwd, `${name}.yaml`), policy(66847, account.url));
    expect((await dbtIpRules({ cwd }, "apply", "--auto-approve")).code).toBe(0);
  }
  for (const line of lines) {
    const typed = line
      .replace("ab123.us1.dbt.com", account.url)
      .replace("/var/lib/collector/", "")
      .replace(/^audit watch/, "audit watch --once");
    // Only an apply is to be answered; at a terminal, `init` would ask for what it writes.
    const place = typed.startsWith("init") ? { cwd } : { cwd, typed: ["yes"] };
    const ran = await dbtIpRules({ ...place, ends: true }, ...words(typed));
    expect(ran.code, `${line}\n${ran.stdout}${ran.stderr}`).toBe(0);
  }
  const files = await readdir(cwd);
  for (const line of lines)
    for (const [, name = ""] of line.matchAll(/(?:--output|--out|--write \w+=|--cursor) ?([\w./-]+)/g))
      expect(files).toContain(name.replace("/var/lib/collector/", ""));
});
