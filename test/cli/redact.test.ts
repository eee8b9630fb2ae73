/** Whatever holds a token, none of its text leaves the program: not in part, in no format, of no token variable. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { cut, jsonText, markdownCode, quoted, visible, workflowData } from "../../src/model/escape.js";
import { keepSecret, secretPlaces } from "../../src/model/secrets.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

const secrets = {
  DBT_CLOUD_TOKEN: "dbtc_general-QWERTYUIOPASDFGHJKLZXCVBNM0123456789",
  DBT_CLOUD_API_TOKEN: "dbtu_older-POIUYTREWQLKJHGFDSAMNBVCXZ9876543210",
  DBT_CLOUD_TOKEN_9: "dbtc_ofNine-MNBVCXZLKJHGFDSAPOIUYTREWQ1357924680",
  DBT_CLOUD_TOKEN_10: "dbtc_ofTen-ZAQWSXCDERFVBGTYHNMJUIKLOP2468013579",
};
const all = Object.values(secrets);

/** Six characters of a token in a row, beyond its prefix, and what Base64 makes of it. */
const piecesOf = (secret: string): readonly string[] => {
  const body = secret.slice(secret.indexOf("-") + 1);
  const pieces = Array.from({ length: body.length - 5 }, (_, at) => body.slice(at, at + 6));
  return [...pieces, Buffer.from(secret).toString("base64").slice(0, 24)];
};
const pieces = all.flatMap(piecesOf);

/** However they are spelled. */
const expectNone = (text: string): void => {
  const flat = text.replace(/[\s\\…]+/g, "");
  expect(pieces.filter((piece) => flat.includes(piece))).toEqual([]);
};

describe("a setting that holds a token", () => {
  const lines = (token: string): readonly (readonly [string[], Record<string, string>])[] => [
    [["plan"], { DBT_CLOUD_ACCOUNT_ID: token }],
    [["plan"], { DBT_CLOUD_HOST_URL: token, DBT_CLOUD_ACCOUNT_ID: "9" }],
    [
      ["plan"],
      { DBT_CLOUD_HOST_URL: `https://${token}.example.com/${token}?x=${token}`, DBT_CLOUD_ACCOUNT_ID: "9" },
    ],
    [["plan", "--account", token], {}],
    [["plan", "--host", token, "--account", "9"], {}],
    [["plan", "--host", `http://${token}`, "--account", "9"], {}],
    [["plan", "--policy", token], {}],
    [["plan", "--policy", `${"x".repeat(60)}${token}`], {}],
    [["plan", token, "policy.yaml"], {}],
    [["fmt", "-p", token], {}],
    [["show", token], {}],
    [["show", "--rule", token, "--debug"], {}],
    [["apply", token, "--auto-approve"], {}],
    [["explain", token], {}],
    [["explain", "8.8.8.8", "-p", token], {}],
    [["drift", "--base", token], {}],
    [["audit", "verify", "--receipt", token], {}],
    [["audit", "list", "--event", token], {}],
    [["audit", "list", "--since", token], {}],
    [[token], {}],
    [[`--${token}`], {}],
    [["plan", `--${token}`], {}],
    [["help", token], {}],
    [["plan", "--write", `json=${token}/x`], {}],
    [["plan", "-f", token], {}],
    [["import", "--merge", token], {}],
    [["init", "-p", `../${token}`], {}],
    [["init", "--account", token], {}],
    [["emulator", "--account", token], {}],
    [["emulator", "--account", "1", "--token", "t", "--fault", token], {}],
    [["emulator", "--account", "1", "--token", "t", "--seed", token], {}],
  ];
  it.each(Object.entries(secrets))("is not shown: %s", async (name, token) => {
    const cwd = await newFolder();
    writeFileSync(join(cwd, "policy.yaml"), "version: 1\nrules: []\n");
    for (const env of [secrets, { [name]: token, DBT_CLOUD_TOKEN: secrets.DBT_CLOUD_TOKEN }])
      for (const [line, more] of lines(token))
        for (const format of [[], ["-f", "json"]]) {
          const place = { cwd, env: { DBT_CLOUD_HOST_URL: "", DBT_CLOUD_ACCOUNT_ID: "", ...env, ...more } };
          const ran = await dbtIpRules(place, ...line, ...format);
          expect(ran.code).not.toBe(0);
          expectNone(ran.stdout + ran.stderr);
        }
  });
});

describe("a text of others that holds a token", () => {
  it("is not shown, in no format, file or receipt", async () => {
    const cwd = await newFolder();
    const token = secrets.DBT_CLOUD_TOKEN;
    const other = secrets.DBT_CLOUD_TOKEN_10;
    const emulator = await newAccount(
      9,
      {
        enabled: true,
        rules: [
          { name: `${"n".repeat(50)} ${token}`, type: "allow", description: other, cidrs: ["0.0.0.0/0"] },
        ],
      },
      { tokens: [{ token: secrets.DBT_CLOUD_TOKEN_9, kind: "service", role: "admin", name: `ci ${other}` }] },
    );
    const { DBT_CLOUD_API_TOKEN: _, ...set } = secrets;
    const place = { cwd, env: { ...set, DBT_CLOUD_HOST_URL: emulator.url, DBT_CLOUD_ACCOUNT_ID: "9" } };
    writeFileSync(
      join(cwd, "policy.yaml"),
      `version: 1\n# ${token}\nunmanaged_rules: delete\nguards: {max_newly_allowed: {ipv4: /0}}\nrules: [{name: ${"m".repeat(60)}${other}, type: allow, cidrs: [203.0.113.0/24]}]\n`,
    );
    writeFileSync(
      join(cwd, "bad.yaml"),
      `version: 1\n${token}: ${token}\nrules: [{name: A, type: ${other}, cidrs: [${"1".repeat(70)}${token}]}]\n`,
    );
    mkdirSync(join(cwd, "out"));
    for (const line of [
      "validate -p bad.yaml",
      "validate -p bad.yaml -f json",
      "validate -p bad.yaml -f sarif",
      "validate -p bad.yaml -f github",
      "plan --write json=out/p.json --write markdown=out/p.md --write github=out/p.txt -o out/text",
      "plan --out plan.json",
      "show -f json",
      "show -f markdown",
      "show",
      "import",
      "import -o out/imported.yaml",
      "explain 203.0.113.1",
      "explain 203.0.113.1 --live",
      "drift",
      "drift -f json",
      "drift -f sarif",
      "apply --auto-approve --receipt out/r.jsonl --write json=out/a.json --allow-lockout",
      "audit list -f ndjson",
      "audit list",
      "audit list -f csv",
      "audit verify --receipt out/r.jsonl --timeout 0 -f junit",
    ]) {
      const ran = await dbtIpRules(place, ...line.split(" "));
      expectNone(ran.stdout + ran.stderr);
    }
    expect(readdirSync(cwd)).not.toContain("plan.json");
    expect(readdirSync(join(cwd, "out")).toSorted()).toEqual([
      "a.json",
      "p.json",
      "p.md",
      "p.txt",
      "r.jsonl",
      "text",
    ]);
    for (const file of readdirSync(join(cwd, "out")))
      expectNone(readFileSync(join(cwd, "out", file), "utf8"));
  });
});

describe("a cut", () => {
  const [token = ""] = all;
  const forget = keepSecret([]);
  afterEach(forget);
  it("comes after the redaction, at every length and place", () => {
    keepSecret([token]);
    for (let before = 0; before < 90; before += 1) {
      const text = `${"x".repeat(before)}${token}${"y".repeat(30)}`;
      for (const show of [cut, quoted, markdownCode])
        for (const max of [20, 40, 68]) expectNone(show(text, max));
      for (const show of [visible, workflowData, jsonText]) expectNone(show(text));
    }
  });

  it("takes the longest of tokens that hold one another, and what overlaps as one", () => {
    keepSecret(["abcdef", "abcdefgh", "ghij"]);
    expect(visible("-abcdefghij-abcdef-")).toBe("-[token]-[token]-");
    expect(secretPlaces("abcdefghij")).toEqual([{ from: 0, to: 10 }]);
  });
});
