/** `init`: files that work, and never one that was there. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dbtIpRules, newFolder } from "./world.js";

const filesOf = async (cwd: string) =>
  (await readdir(cwd, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(cwd.length + 1))
    .toSorted();

const all = [
  ".github/workflows/ip-restrictions-apply.yml",
  ".github/workflows/ip-restrictions-drift.yml",
  ".github/workflows/ip-restrictions-expire.yml",
  ".github/workflows/ip-restrictions-pull-request.yml",
  ".gitignore",
  ".vscode/dbt-ip-rules.schema.json",
  ".vscode/settings.json",
  "policy.yaml",
];

describe("init", () => {
  it("writes a policy that is valid and canonical, workflows for it, and the editor's setting", async () => {
    const cwd = await newFolder();
    const ran = await dbtIpRules(
      { cwd },
      "init",
      "--account",
      "66847",
      "--host",
      "https://ab123.us1.dbt.com/",
    );
    expect(ran.code).toBe(0);
    expect(await filesOf(cwd)).toEqual(all);
    const policy = parse(await readFile(join(cwd, "policy.yaml"), "utf8"));
    expect(policy).toMatchObject({
      account: { id: 66847, host: "ab123.us1.dbt.com" },
      enforcement: "ignore",
      unmanaged_rules: "keep",
      rules: [],
    });
    expect((await dbtIpRules({ cwd }, "validate")).code).toBe(0);
    expect((await dbtIpRules({ cwd }, "fmt", "--check")).code).toBe(0);
    const settings = JSON.parse(await readFile(join(cwd, ".vscode/settings.json"), "utf8"));
    expect(settings["yaml.schemas"]).toEqual({ "./.vscode/dbt-ip-rules.schema.json": "policy.yaml" });
    for (const name of ["apply", "drift", "expire", "pull-request"]) {
      const text = await readFile(join(cwd, `.github/workflows/ip-restrictions-${name}.yml`), "utf8");
      const example = await readFile(`examples/github/${name}.yml`, "utf8");
      expect(text).not.toContain("DBT_HOST");
      expect(parse(text)).toEqual(parse(example.replace(/\$\{\{ vars\.DBT_HOST \}\}/g, "ab123.us1.dbt.com")));
    }
    expect(ran.stderr).toContain("replace OWNER");
  });

  it("follows the name of the policy everywhere", async () => {
    const cwd = await newFolder();
    expect((await dbtIpRules({ cwd }, "init", "--policy", "dbt/a: b.yaml")).code).toBe(0);
    for (const file of all.slice(0, 4)) {
      const workflow = parse(await readFile(join(cwd, file), "utf8"));
      const { on } = workflow;
      for (const trigger of [on.push, on.pull_request])
        if (trigger !== undefined) expect(trigger.paths).toEqual(["dbt/**"]);
      // Shapes of our own examples.
      const steps = Object.values(workflow.jobs).flatMap((job) => (job as { steps: unknown[] }).steps);
      const runs = steps.filter((step) => JSON.stringify(step).includes("OWNER/dbt-ip-rules"));
      expect(runs.length).toBeGreaterThan(0);
      for (const run of runs) expect(run).toMatchObject({ with: { policy: "dbt/a: b.yaml" } });
    }
    const text = await readFile(join(cwd, "dbt/a: b.yaml"), "utf8");
    expect(text).toContain("$schema=../.vscode/dbt-ip-rules.schema.json");
    const settings = JSON.parse(await readFile(join(cwd, ".vscode/settings.json"), "utf8"));
    expect(Object.values(settings["yaml.schemas"])).toEqual(["dbt/a: b.yaml"]);
  });

  it("writes the pipeline of examples/gitlab, which is the same but for the policy", async () => {
    const cwd = await newFolder();
    const ran = await dbtIpRules({ cwd }, "init", "--ci", "gitlab", "--policy", "dbt/policy.yaml");
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("Before you commit .gitlab-ci.yml, replace OWNER");
    expect(await filesOf(cwd)).toEqual([
      ".gitignore",
      ".gitlab-ci.yml",
      ...all.slice(5, 7),
      "dbt/policy.yaml",
    ]);
    const example = await readFile("examples/gitlab/.gitlab-ci.yml", "utf8");
    expect(await readFile(join(cwd, ".gitlab-ci.yml"), "utf8")).toBe(
      example.replace("POLICY: policy.yaml", "POLICY: dbt/policy.yaml"),
    );
  });

  it("overwrites nothing, and says what it kept", async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, "policy.yaml"), "precious");
    const ran = await dbtIpRules({ cwd }, "init", "--ci", "none");
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("kept   policy.yaml");
    expect(await readFile(join(cwd, "policy.yaml"), "utf8")).toBe("precious");
    expect(await filesOf(cwd)).toEqual(all.slice(4));
  });

  it("names in the end each setting that its pipeline reads", async () => {
    for (const ci of ["github", "gitlab"])
      for (const flags of [[], ["--host", "ab123.us1.dbt.com", "--account", "7"]]) {
        const cwd = await newFolder();
        const { stdout, stderr } = await dbtIpRules({ cwd }, "init", "--ci", ci, ...flags);
        const files = (await filesOf(cwd)).filter((name) => /\.yml$/.test(name));
        const texts = await Promise.all(files.map((name) => readFile(join(cwd, name), "utf8")));
        const needed = texts.flatMap((text) =>
          [
            ...text.matchAll(
              /(?:secrets|vars)\.(\w+)|^ +environment: (\S+)|^# {3}(DBT_\w+)|\$(DBT_(?:PLAN|APPLY)_TOKEN|DBT_EXPIRE|DBT_RUNNER_IP)/gm,
            ),
          ].map((match) => match.slice(1).find((name) => name !== undefined) ?? ""),
        );
        const said = stdout + stderr;
        expect(new Set(needed).size).toBeGreaterThan(4);
        for (const name of needed) expect(said).toContain(name);
        expect(said.includes("DBT_HOST ")).toBe(ci === "github" && flags.length === 0);
      }
  });

  it("asks only at a terminal, again where the answer is no answer, and takes an empty line for later", async () => {
    const cwd = await newFolder();
    const ran = await dbtIpRules({ cwd, typed: ["not a number", "66847", ""] }, "init");
    expect(ran.code).toBe(0);
    const policy = parse(await readFile(join(cwd, "policy.yaml"), "utf8"));
    expect(policy.account).toEqual({ id: 66847 });
  });

  it.each([
    [["--account", "x"]],
    [["--host", "http://example.com"]],
    [["--policy", "../policy.yaml"]],
    [["--policy", "."]],
  ])("refuses %j and writes nothing", async (flags) => {
    const cwd = await newFolder();
    const ran = await dbtIpRules({ cwd }, "init", ...flags);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("bad-option");
    expect(await filesOf(cwd)).toEqual([]);
  });

  it("says what stands in the way of a folder", async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, ".github"), "a file");
    const ran = await dbtIpRules({ cwd }, "init");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("cannot-write");
  });

  it("keeps receipts out of git, and says so where a .gitignore is there that does not", async () => {
    const cwd = await newFolder();
    await dbtIpRules({ cwd }, "init", "--ci", "none");
    expect(await readFile(join(cwd, ".gitignore"), "utf8")).toBe(".dbt-ip-rules/\n");
    expect((await dbtIpRules({ cwd }, "init", "--ci", "none")).stderr).not.toContain("Add a line");
    await writeFile(join(cwd, ".gitignore"), "node_modules\n");
    const { stderr } = await dbtIpRules({ cwd }, "init", "--ci", "none");
    expect(stderr).toContain("Add a line to .gitignore, since receipts name people: .dbt-ip-rules/");
    expect(await readFile(join(cwd, ".gitignore"), "utf8")).toBe("node_modules\n");
  });
});
