/** Several policies in one run: each account for itself, one document, the worst exit code. */
import { writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileNames } from "../../src/cli/policies.js";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import { dbtIpRules, newAccount, newFolder, token } from "./world.js";

let one: RunningEmulator;
let two: RunningEmulator;
let cwd = "";

const policy = (account: number, emulator: RunningEmulator, prefix: string, more = "") =>
  `version: 1\naccount: {id: ${account}, host: "${emulator.url}"}\nlint: {documentation-range: off}\nrules:\n  - {name: Office, type: allow, cidrs: [${prefix}]}\n${more}`;

beforeAll(async () => {
  one = await newAccount(11);
  two = await newAccount(22);
});

beforeEach(async () => {
  cwd = await newFolder();
  await mkdir(join(cwd, "policies"));
  await writeFile(join(cwd, "policies/a.yaml"), policy(11, one, "203.0.113.0/24"));
  await writeFile(join(cwd, "policies/b.yaml"), policy(22, two, "198.51.100.0/24"));
});

const both = ["policies/a.yaml", "policies/b.yaml"];

/** Of each policy of the run, the codes of what went wrong. */
const endsIn = (stdout: string) =>
  JSON.parse(stdout).policies.map(
    ({ policy: name, result }: { policy: string; result: { diagnostics: { code: string }[] } }) => [
      name,
      result.diagnostics.map(({ code }) => code),
    ],
  );

describe("several policies", () => {
  it("print exactly what one prints, for one", async () => {
    const positional = await dbtIpRules({ cwd }, "plan", "policies/a.yaml");
    const flagged = await dbtIpRules({ cwd }, "plan", "--policy", "policies/a.yaml");
    expect(positional).toEqual(flagged);
    expect(positional.code).toBe(0);
    expect(positional.stdout).not.toContain("==");
  });

  it("are planned for their own accounts, in the order given", async () => {
    const ran = await dbtIpRules({ cwd }, "plan", ...both, "--detailed-exitcode");
    expect(ran.code).toBe(2);
    const at = [
      "== policies/a.yaml ==",
      "203.0.113.0/24",
      "== policies/b.yaml ==",
      "198.51.100.0/24",
      "== 2 policies ==",
    ].map((text) => ran.stdout.indexOf(text));
    expect(at).not.toContain(-1);
    expect(at.toSorted((x, y) => x - y)).toEqual(at);
  });

  it("may be named by a repeated --policy, once each", async () => {
    const ran = await dbtIpRules(
      { cwd },
      "plan",
      "-f",
      "json",
      ...both.flatMap((file) => ["-p", file]),
      "-p",
      "policies/a.yaml",
    );
    expect(JSON.parse(ran.stdout).policies.map((row: { policy: string }) => row.policy)).toEqual(both);
  });

  it("are isolated: one that fails stops no other, and the worst exit code counts", async () => {
    await writeFile(join(cwd, "policies/broken.yaml"), "version: 1\nrules: {}\n");
    await writeFile(
      join(cwd, "policies/refused.yaml"),
      policy(33, two, "192.0.2.0/24", "tests:\n  - {name: t, allowed: [203.0.113.1]}\n"),
    );
    const all = ["policies/broken.yaml", "policies/missing.yaml", ...both];
    const ran = await dbtIpRules({ cwd }, "plan", ...all, "-f", "json", "--detailed-exitcode");
    expect(ran.code).toBe(1);
    const document = JSON.parse(ran.stdout);
    expect(document).toMatchObject({ format: "dbt-ip-rules/policies", version: 1, exit_code: 1 });
    expect(document.policies.map((row: { exit_code: number }) => row.exit_code)).toEqual([1, 1, 2, 2]);
    expect(document.policies[1].result).toMatchObject({
      format: "dbt-ip-rules/diagnostics",
      diagnostics: [{ code: "policy-missing" }],
    });
    expect(document.policies[2].result.format).toBe("dbt-ip-rules/plan");
    expect(ran.stderr).toContain("== policies/missing.yaml ==");
    const validated = await dbtIpRules({ cwd }, "validate", "policies/refused.yaml", ...both);
    expect(validated.code).toBe(3);
  });

  it("must be of different accounts wherever the account matters", async () => {
    await writeFile(join(cwd, "policies/again.yaml"), policy(11, one, "192.0.2.0/24"));
    const ran = await dbtIpRules({ cwd }, "plan", "policies/a.yaml", "policies/again.yaml", "-f", "json");
    expect(ran.code).toBe(1);
    expect(endsIn(ran.stdout)).toEqual([
      ["policies/a.yaml", ["policies-of-one-account"]],
      ["policies/again.yaml", ["policies-of-one-account"]],
    ]);
    const validated = await dbtIpRules({ cwd }, "validate", "policies/a.yaml", "policies/again.yaml");
    expect(validated.code).toBe(0);
  });

  it("are all named in every format where the run ends before its first", async () => {
    await writeFile(join(cwd, "policies/again.yaml"), policy(11, one, "192.0.2.0/24"));
    const files = [...both, "policies/again.yaml"];
    const ran = await dbtIpRules({ cwd }, "plan", ...files, "-f", "json", "--write", "markdown=report.md");
    expect(ran.code).toBe(1);
    expect(endsIn(ran.stdout)).toEqual([
      ["policies/a.yaml", ["policies-of-one-account"]],
      ["policies/b.yaml", ["run-not-begun"]],
      ["policies/again.yaml", ["policies-of-one-account"]],
    ]);
    expect(ran.stderr.match(/policies-of-one-account/g)).toHaveLength(1);
    const markdown = await readFile(join(cwd, "report.md"), "utf8");
    for (const file of files) expect(markdown).toContain(file);
  });

  it("are read before any connects: no signal has to wait while one is read, a later one neither", async () => {
    const io = { requests: 0 };
    const asked = async (...argv: string[]) => {
      const late = join(cwd, "policies/b.yaml");
      const text = await readFile(late, "utf8");
      // Whoever asks for the signal takes it from the process, which would end at once until then.
      const signal = () => {
        io.requests += 1;
        writeFileSync(late, "version: 1\nrules: {}\n");
        return new AbortController().signal;
      };
      const ran = await dbtIpRules(
        { cwd, onSignal: signal },
        ...argv,
        ...both.flatMap((file) => ["-p", file]),
      );
      await writeFile(late, text);
      return ran;
    };
    for (const command of ["plan", "drift"])
      expect((await asked(command)).stderr, command).not.toContain("error[");
    expect(io.requests).toBeGreaterThan(0);
  });

  it("take a token each from the environment", async () => {
    const env = { DBT_CLOUD_TOKEN: "", DBT_CLOUD_TOKEN_11: token };
    const ran = await dbtIpRules({ cwd, env }, "plan", ...both, "-f", "json");
    const [first, second] = JSON.parse(ran.stdout).policies;
    expect([first.exit_code, second.exit_code]).toEqual([0, 1]);
    expect(second.result.diagnostics).toMatchObject([{ code: "token-missing" }]);
    const bad = await dbtIpRules(
      { cwd, env: { DBT_CLOUD_TOKEN_11: "a b" } },
      "plan",
      "policies/a.yaml",
      "-f",
      "json",
    );
    expect(JSON.parse(bad.stdout).diagnostics).toMatchObject([
      { code: "token-malformed", message: expect.stringContaining("DBT_CLOUD_TOKEN_11") },
    ]);
  });

  it("are refused for one account in any spelling of its host, and where one leaves it to the flag", async () => {
    const spelled = (host: string) =>
      `version: 1\naccount: {id: 11${host === "" ? "" : `, host: "${host}"`}}\nrules: []\n`;
    const hostOfOne = one.url.replace("http://", "");
    for (const host of [`${one.url}/api/`, hostOfOne, ""]) {
      await writeFile(join(cwd, "policies/again.yaml"), spelled(host));
      const line = ["plan", "policies/a.yaml", "policies/again.yaml"];
      const flags = host === "" ? ["--host", hostOfOne] : [];
      const ran = await dbtIpRules({ cwd }, ...line, ...flags, "-f", "json");
      expect(endsIn(ran.stdout)).toContainEqual(["policies/again.yaml", ["policies-of-one-account"]]);
      if (host !== "") continue;
      const env = { DBT_CLOUD_HOST_URL: `http://${hostOfOne}/` };
      const byEnv = await dbtIpRules({ cwd, env }, ...line, "-f", "json");
      expect(endsIn(byEnv.stdout)).toContainEqual(["policies/again.yaml", ["policies-of-one-account"]]);
    }
  });

  it("get a file name each, whatever their own are", () => {
    expect(fileNames(["a.yaml", "b.yaml"])).toEqual(["a", "b"]);
    for (const files of [
      ["x/b.yaml", "y/b.yaml", "x-b.yaml"],
      ["x-b.yaml", "x/b.yaml", "y/b.yaml"],
      ["a.yaml", "a.yml"],
      ["A.yaml", "a.yaml"],
      ["a/b.yaml", "a-b/c.yaml", "a/b-c.yaml", "a/b/c.yaml"],
    ]) {
      const names = fileNames(files).map((name) => name.toLowerCase());
      expect(new Set(names).size).toBe(files.length);
    }
  });

  it("save a plan each into a folder, that apply takes one by one", async () => {
    const ran = await dbtIpRules({ cwd }, "plan", ...both, "--out", "plans");
    expect(ran.code).toBe(0);
    expect((await readdir(join(cwd, "plans"))).toSorted()).toEqual(["a.plan.json", "b.plan.json"]);
    expect(ran.stderr + ran.stdout).toContain("apply plans/a.plan.json");
    const mixed = await dbtIpRules(
      { cwd },
      "apply",
      "plans/a.plan.json",
      ...both.flatMap((file) => ["-p", file]),
      "--auto-approve",
    );
    expect(mixed.code).toBe(1);
    expect(mixed.stderr).toContain("bad-option");
  });

  it("print a matrix for a pipeline, offline, broken ones too", async () => {
    await writeFile(join(cwd, "policies/broken.yaml"), "rules: [");
    const ran = await dbtIpRules(
      { cwd, env: { DBT_CLOUD_TOKEN: "" } },
      "plan",
      ...both,
      "policies/broken.yaml",
      "-f",
      "matrix",
    );
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ran.stdout)).toEqual({
      include: [
        { policy: "policies/a.yaml", account: 11, host: one.url },
        { policy: "policies/b.yaml", account: 22, host: two.url },
        { policy: "policies/broken.yaml" },
      ],
    });
    expect(ran.stdout.trimEnd()).not.toContain("\n");
  });

  it("write each further format joined", async () => {
    const targets = [
      "json=all.json",
      "sarif=all.sarif",
      "junit=all.xml",
      "code-quality=quality.json",
      "github=notes.txt",
    ];
    await writeFile(
      join(cwd, "policies/b.yaml"),
      `${policy(22, two, "198.51.100.0/24").replace(/^lint.*\n/m, "")}tests:\n  - {name: t, denied: [198.51.100.1]}\n`,
    );
    await writeFile(join(cwd, "policies/a.yaml"), policy(11, one, "0.0.0.0/0").replace(/^lint.*\n/m, ""));
    const ran = await dbtIpRules(
      { cwd },
      "validate",
      ...both,
      ...targets.flatMap((target) => ["--write", target]),
    );
    expect(ran.code).toBe(3);
    const read = (name: string) => readFile(join(cwd, name), "utf8");
    const sarif = JSON.parse(await read("all.sarif"));
    expect(sarif.runs).toHaveLength(1);
    const [{ results, tool }] = sarif.runs;
    expect(results.length).toBeGreaterThan(2);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
    const uris = new Set(
      results.map(
        (result: { locations?: [{ physicalLocation: { artifactLocation: { uri: string } } }] }) =>
          result.locations?.[0].physicalLocation.artifactLocation.uri,
      ),
    );
    expect(uris).toEqual(new Set(both));
    const junit = await read("all.xml");
    const cases = junit.match(/<testcase/g)?.length;
    expect(junit).toContain(`<testsuites name="dbt-ip-rules" tests="${cases}" failures="1"`);
    expect(
      new Set(
        JSON.parse(await read("quality.json")).map(
          (issue: { location: { path: string } }) => issue.location.path,
        ),
      ),
    ).toEqual(new Set(both));
    expect(JSON.parse(await read("all.json")).exit_code).toBe(3);
    expect(await read("notes.txt")).toContain("::");
  });

  it("add up GitLab's numbers, and tell each policy's outcome above markdown", async () => {
    const ran = await dbtIpRules({ cwd }, "plan", ...both, "-f", "gitlab", "--write", "markdown=plan.md");
    expect(JSON.parse(ran.stdout)).toEqual({ create: 2, update: 0, delete: 0 });
    const markdown = await readFile(join(cwd, "plan.md"), "utf8");
    expect(markdown).toContain("| `policies/a.yaml` | done |");
    expect(markdown.indexOf("203.0.113.0/24")).toBeLessThan(markdown.indexOf("198.51.100.0/24"));
    const small = await dbtIpRules({ cwd }, "plan", ...both, "-f", "markdown", "--max-bytes", "4000");
    expect(Buffer.byteLength(small.stdout)).toBeLessThan(4_200);
  });

  it("are formatted, checked, applied with a receipt each, and found without drift", async () => {
    expect((await dbtIpRules({ cwd }, "fmt", "--check", ...both)).code).toBe(2);
    expect((await dbtIpRules({ cwd }, "fmt", ...both)).code).toBe(0);
    expect((await dbtIpRules({ cwd }, "fmt", "--check", ...both)).code).toBe(0);
    const flags = both.flatMap((file) => ["--policy", file]);
    expect((await dbtIpRules({ cwd }, "drift", ...both)).code).toBe(2);
    const applied = await dbtIpRules(
      { cwd },
      "apply",
      ...flags,
      "--auto-approve",
      "--receipt",
      "receipts",
      "-f",
      "json",
    );
    expect(applied.code).toBe(0);
    expect(
      JSON.parse(applied.stdout).policies.map((row: { result: { outcome: string } }) => row.result.outcome),
    ).toEqual(["done", "done"]);
    expect((await readdir(join(cwd, "receipts"))).toSorted()).toEqual(["a.jsonl", "b.jsonl"]);
    expect((await dbtIpRules({ cwd }, "drift", ...both)).code).toBe(0);
    expect((await dbtIpRules({ cwd }, "plan", ...both, "--detailed-exitcode")).code).toBe(0);
  });

  it("are all named in every format, the missing one too", async () => {
    const files = ["policies/missing.yaml", "policies/a.yaml"];
    const formats = ["sarif", "junit", "code-quality", "github"];
    const writes = formats.flatMap((format) => ["--write", `${format}=${format}.out`]);
    expect((await dbtIpRules({ cwd }, "validate", ...files, ...writes)).code).toBe(1);
    for (const format of formats) {
      const text = await readFile(join(cwd, `${format}.out`), "utf8");
      expect(text, format).toContain("policies/missing.yaml");
      expect(text, format).toContain(format === "junit" ? "policies/a.yaml: policy" : "policy-missing");
    }
    const markdown = await dbtIpRules({ cwd }, "plan", ...files, "-f", "markdown");
    expect(markdown.stdout).toContain("| `policies/missing.yaml` | failed |");
    expect(markdown.stdout).toContain("### dbt IP restrictions: failed: `policies/missing.yaml`");
    const gitlab = await dbtIpRules({ cwd }, "plan", ...files, "-f", "gitlab");
    expect(gitlab.stdout).toBe("{}\n");
  });

  it("are named by each annotation for GitHub that has no place of its own", async () => {
    const refused = await dbtIpRules(
      { cwd, env: { DBT_CLOUD_TOKEN: "another" } },
      ...["plan", ...both, "-f", "github"],
    );
    const lines = refused.stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/(yaml: ).*/, "$1"))).toEqual(
      both.map((file) => `::error title=token-rejected::${file}: `),
    );
    const planned = await dbtIpRules({ cwd }, "plan", ...both, "-f", "github");
    for (const file of both) expect(planned.stdout).toMatch(new RegExp(`::notice title=Plan::${file}: `));
    const alone = await dbtIpRules({ cwd }, "plan", "policies/b.yaml", "-f", "github");
    expect(alone.stdout).not.toContain("policies/b.yaml: ");
  });

  it("that cannot be read are of no account, whatever the environment names", async () => {
    const env = { DBT_CLOUD_ACCOUNT_ID: "11", DBT_CLOUD_HOST_URL: one.url };
    await writeFile(join(cwd, "cut.yaml"), "version: [");
    const ran = await dbtIpRules({ cwd, env }, "plan", "extra1", "extra2", "cut.yaml");
    expect(ran.code).toBe(1);
    expect(ran.stderr).not.toContain("policies-of-one-account");
    expect(ran.stderr.match(/error\[policy-missing\]/g)).toHaveLength(2);
  });

  it("do not begin what an interrupt came before", async () => {
    const ran = await dbtIpRules({ cwd, signal: AbortSignal.abort() }, "plan", ...both, "-f", "json");
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout).policies[1].result.diagnostics).toMatchObject([{ code: "interrupted" }]);
  });
});
