/** What a person meets who types something wrong: a code, words that fit 80 columns, and what to do next. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules, longestLine, newAccount, newFolder, token } from "./world.js";

let cwd = "";
let emulator: RunningEmulator;

beforeAll(async () => {
  emulator = await newAccount(9);
  cwd = await newFolder();
  await mkdir(join(cwd, "folder"));
  await writeFile(
    join(cwd, "policy.yaml"),
    `version: 1\naccount: {id: 9, host: "${emulator.url}"}\nrules: [{name: A, type: allow, cidrs: [203.0.113.0/24]}]\n`,
  );
  await writeFile(
    join(cwd, "other.yaml"),
    `version: 1\naccount: {id: 10, host: "${emulator.url}"}\nrules: []\n`,
  );
  await writeFile(join(cwd, "bare.yaml"), "version: 1\nrules: []\n");
  await dbtIpRules({ cwd }, "plan", "--out", "plan.json");
  const plan = await readFile(join(cwd, "plan.json"), "utf8");
  await writeFile(join(cwd, "cut.json"), plan.slice(0, 200));
  await writeFile(join(cwd, "edited.json"), plan.replace("203.0.113.0/24", "203.0.113.0/25"));
  await writeFile(join(cwd, "version.json"), plan.replace('"version": 1', '"version": 99'));
  await writeFile(join(cwd, "html.json"), "<html>");
});

/** Line, code, and the token that is set for it. */
const cases: readonly (readonly [string, string, string])[] = [
  ["plan", "token-missing", ""],
  ["plan", "token-malformed", "with blank"],
  ["plan", "token-malformed", "Token abc"],
  ["plan", "token-rejected", "another"],
  ["plan plan.json", "policy-is-a-document", token],
  ["validate plan.json", "policy-is-a-document", token],
  ["plan policy.yaml other.yaml --out p.json", "bad-option", token],
  ["apply plan.json -p policy.yaml --auto-approve", "bad-option", token],
  ["apply -p policy.yaml -p other.yaml --auto-approve --receipt r.jsonl", "bad-option", token],
  ["explain 203.0.113.1 -p policy.yaml -p other.yaml", "bad-usage", token],
  ["show -p policy.yaml -p policy.yaml", "bad-usage", token],
  ["audit verify", "no-receipts", token],
  ["plan -p bare.yaml", "host-missing", token],
  ["plan -p bare.yaml --host EMULATOR", "account-missing", token],
  ["plan -p bare.yaml --host EMULATOR --account x", "account-invalid", token],
  ["plan -p other.yaml", "account-not-found", token],
  ["plan --account 10", "account-mismatch", token],
  ["plan --host ab123.us1.dbt.com", "host-mismatch", token],
  ["plan -p bare.yaml --account 9 --host http://example.com", "host-insecure", token],
  ["plan -p none.yaml", "policy-missing", token],
  ["plan folder", "policy-unreadable", token],
  ["fmt none.yaml", "policy-missing", token],
  ["validate folder", "policy-unreadable", token],
  ["plan --out folder", "cannot-write", token],
  ["plan --output policy.yaml/x", "cannot-write", token],
  ["plan --write json=folder", "cannot-write", token],
  ["show none.json", "plan-file-unreadable", token],
  ["show folder", "plan-file-unreadable", token],
  ["apply policy.yaml --auto-approve", "plan-file-not-a-plan", token],
  ["apply none.json", "plan-file-unreadable", token],
  ["apply -p none.yaml", "policy-missing", token],
  ["apply cut.json --auto-approve", "plan-file-damaged", token],
  ["apply html.json --auto-approve", "plan-file-damaged", token],
  ["apply edited.json --auto-approve", "plan-file-damaged", token],
  ["apply version.json --auto-approve", "plan-file-version", token],
  ["apply plan.json --auto-approve --account 10", "account-mismatch", token],
  ["apply plan.json --auto-approve --receipt folder", "receipt-exists", token],
  ["apply", "approval-needed", token],
  ["show -p bare.yaml --rule Nobody", "host-missing", token],
  ["show --rule Nobody", "no-such-rule", token],
  ["show --account 10", "account-mismatch", token],
  ["explain 203.0.113.7 --live -p bare.yaml", "host-missing", token],
  ["show --rule Nobody --host EMULATOR --account 9", "no-such-rule", token],
  ["show plan.json --rule A", "bad-option", token],
  ["import", "host-missing", token],
  ["import --merge none.yaml", "policy-missing", token],
  ["import --output policy.yaml", "file-exists", token],
  ["explain 1.2.3", "bad-address", token],
  ["drift --base none.yaml", "policy-missing", token],
  ["audit verify --receipt none.jsonl", "receipt-unreadable", token],
  ["audit verify --receipt folder", "no-receipts", token],
  ["init --account x", "bad-option", token],
  ["plna", "bad-usage", token],
  ["help plna", "bad-usage", token],
  ["audit lst", "bad-usage", token],
  ["plan --formta json", "bad-usage", token],
  ["plan --format yaml", "bad-usage", token],
  ["plan --now soon", "bad-usage", token],
  ["plan --max-bytes many", "bad-usage", token],
  ["plan --write json", "bad-usage", token],
  ["show a b", "bad-usage", token],
  ["explain", "bad-usage", token],
  ["completion tcsh", "bad-usage", token],
  ["audit list --since yesterday", "bad-usage", token],
];

const wordsOf = (line: string) => line.replace("EMULATOR", emulator.url).split(" ");

describe("a wrong command line", () => {
  it.each(cases)("%s: %s", async (line, code, given) => {
    const words = wordsOf(line);
    const place = { cwd, env: { DBT_CLOUD_TOKEN: given }, screen: true };
    const ran = await dbtIpRules(place, ...words);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`[${code}]`);
    expect(ran.stderr).toContain("hint: ");
    expect(ran.stderr).not.toContain(given || token);
    expect(longestLine(ran.stderr)).toBeLessThanOrEqual(80);
    const withJson = [
      ...words.filter((word, at) => word !== "--format" && words[at - 1] !== "--format"),
      "--format",
      "json",
    ];
    if (words.includes("--format") || ["init", "import", "fmt", "completion", "help"].includes(words[0]!))
      return;
    const json = await dbtIpRules({ ...place, screen: false }, ...withJson);
    expect(json.code).toBe(1);
    const document = JSON.parse(json.stdout);
    expect(document).toMatchObject({ format: "dbt-ip-rules/diagnostics", verdict: "error" });
    expect(document.diagnostics.map((one: { code: string }) => one.code)).toContain(code);
  });

  it("breaks no line outside a terminal: not on standard error, not in a pipe, not in a file", async () => {
    const hints = (await dbtIpRules({ cwd }, "plan", "--account", "10")).stderr
      .split("\n")
      .filter((line) => line.startsWith("      hint: "));
    expect(hints.map((line) => line.length > 80)).toEqual([true]);
    const long = `${"rule of the office, ".repeat(3)}long`;
    const rule = JSON.stringify({ name: "A", type: "allow", description: long, cidrs: ["203.0.113.0/24"] });
    const policy = `version: 1\naccount: {id: 9, host: "${emulator.url}"}\nrules: [${rule}]\n`;
    await writeFile(join(cwd, "long.yaml"), policy);
    const piped = await dbtIpRules({ cwd }, "plan", "long.yaml", "--write", "text=plan.txt");
    const line = `    + description "${long}"`;
    expect(piped.stdout.split("\n")).toContain(line);
    expect(piped.stdout).toMatch(/^ {2}not checked: caller$/m);
    expect((await readFile(join(cwd, "plan.txt"), "utf8")).split("\n")).toContain(line);
    const shown = await dbtIpRules({ cwd, screen: true }, "plan", "long.yaml");
    expect(longestLine(shown.stdout)).toBeLessThanOrEqual(80);
  });

  it("suggests what may have been meant, and the command whose help tells more", async () => {
    expect((await dbtIpRules({ cwd }, "plna")).stderr).toContain("Did you mean plan?");
    const ran = await dbtIpRules({ cwd }, "audit", "list", "--formta", "json");
    expect(ran.stderr).toContain("--format?");
    expect(ran.stderr).toContain("dbt-ip-rules audit list --help");
  });

  it("shows the help where there is nothing to do, and only there with 0", async () => {
    expect(await dbtIpRules({ cwd })).toMatchObject({ code: 0, stderr: "" });
    expect(longestLine((await dbtIpRules({ cwd })).stdout)).toBeLessThanOrEqual(80);
    expect(await dbtIpRules({ cwd }, "help", "plan")).toMatchObject({ code: 0, stderr: "" });
    expect(await dbtIpRules({ cwd }, "audit")).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("a host that is no dbt", () => {
  it("is told from one that is: a web page, a redirect, and nobody", async () => {
    const answers: Readonly<Record<string, readonly [number, Record<string, string>, string]>> = {
      page: [200, { "content-type": "text/html" }, "<html>log in</html>"],
      redirect: [302, { location: "https://login.example.com/" }, ""],
    };
    for (const [name, code] of [
      ["page", "answer-is-html"],
      ["redirect", "redirect"],
    ] as const) {
      const [status, headers, body] = answers[name]!;
      const server = createServer((_, response) => response.writeHead(status, headers).end(body));
      await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const ran = await dbtIpRules(
        { cwd },
        "plan",
        "-p",
        "bare.yaml",
        "--account",
        "9",
        "--host",
        `127.0.0.1:${port}`,
        "-f",
        "json",
      );
      expect(ran.code).toBe(1);
      expect(JSON.parse(ran.stdout).diagnostics[0].code).toContain(code);
      await new Promise((closed) => server.close(closed));
    }
  });
});
