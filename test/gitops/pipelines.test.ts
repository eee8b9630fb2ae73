/** The pipelines that are shipped: none misses a file that a policy reads, and each action in them is pinned. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { prefixesDigest } from "../../src/policy/lock.js";
import { dbtIpRules, newFolder } from "../cli/world.js";
import { readWorkflow } from "./workflow.js";

const yamlIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(folder, name));

/** A path pattern of GitHub's and of Atlantis's: `*` within a folder, `**` over folders. */
const matches = (pattern: string, file: string): boolean => {
  const source = pattern.replace(/\*\*\/?|\*|[.+?^${}()|[\]\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    return part === "*" ? "[^/]*" : `\\${part}`;
  });
  return new RegExp(`^${source}$`).test(file);
};

interface Trigger {
  readonly paths?: readonly string[];
  readonly "paths-ignore"?: readonly string[];
}

/** What a change of `file` does not start. */
const triggersThatMiss = (workflow: string, file: string): readonly string[] =>
  ["pull_request", "push"].filter((name) => {
    const trigger = readWorkflow(workflow).on[name] as Trigger | null | undefined;
    if (trigger === null || trigger === undefined) return false;
    if (trigger["paths-ignore"] !== undefined) return true;
    return trigger.paths !== undefined && !trigger.paths.some((pattern) => matches(pattern, file));
  });

/** A repository with a policy, named as the examples name it. */
interface Repository {
  readonly name: string;
  readonly cwd: string;
  readonly policies: readonly string[];
}

const examples = readdirSync("examples/policies").filter((name) => name.endsWith(".yaml"));

/** With a list, an include with a list of its own, a lock, and names that no pattern would guess. */
const wide = {
  "policy.yaml":
    "version: 1\naccount: {id: 66847}\ninclude: [nets.yaml]\nnetworks:\n  a: {file: a b.txt}\n  hooks: {source: https://example.com/x}\nrules:\n  - {name: A, type: allow, cidrs: [{network: a}, {network: b}]}\n",
  "nets.yaml": "networks:\n  b: {file: deep/er/list.json, select: '$[*]'}\n",
  "a b.txt": "203.0.113.0/24\n",
  "deep/er/list.json": '["198.51.100.0/24"]\n',
  "policy.lock.json": JSON.stringify({
    sources: {
      hooks: {
        fetched_at: "2026-11-01T00:00:00Z",
        prefixes: ["192.0.2.0/24"],
        prefixes_sha256: prefixesDigest(["192.0.2.0/24"]),
        select: null,
        url: "https://example.com/x",
      },
    },
    version: 1,
  }),
};

const repositories: Repository[] = [];
beforeAll(async () => {
  for (const example of examples) {
    const cwd = await newFolder();
    cpSync("examples/policies", cwd, { recursive: true });
    cpSync(join("examples/policies", example), join(cwd, "policy.yaml"));
    repositories.push({ name: example, cwd, policies: ["policy.yaml"] });
  }
  const several = await newFolder();
  cpSync("examples/policies", join(several, "policies"), { recursive: true });
  repositories.push({ name: "several", cwd: several, policies: examples.map((name) => `policies/${name}`) });
  for (const folder of [".", "policies"]) {
    const cwd = await newFolder();
    for (const [name, text] of Object.entries(wide)) {
      mkdirSync(dirname(join(cwd, folder, name)), { recursive: true });
      writeFileSync(join(cwd, folder, name), text);
    }
    repositories.push({ name: `wide in ${folder}`, cwd, policies: [join(folder, "policy.yaml")] });
  }
});

const filesReadIn = async ({ cwd, policies }: Repository): Promise<readonly string[]> => {
  const ran = await dbtIpRules({ cwd }, "validate", "--list-files", ...policies);
  expect(ran.stderr).toBe("");
  expect(ran.code).toBe(0);
  return ran.stdout.trimEnd().split("\n");
};

describe("no file that a policy reads is missed", () => {
  it("all of them are listed, as text and as JSON", async () => {
    const files = await Promise.all(repositories.map(filesReadIn));
    const listed = Object.fromEntries(repositories.map(({ name }, at) => [name, files[at]]));
    expect(listed["blocklist.yaml"]).toEqual(["policy.yaml", "lists/blocklist.txt"]);
    expect(listed["several"]).toContain("policies/shared/networks.yaml");
    expect(listed["wide in ."]?.toSorted()).toEqual(Object.keys(wide).toSorted());
    for (const repository of repositories) {
      const { cwd, policies, name } = repository;
      const ran = await dbtIpRules({ cwd }, "validate", "--list-files", ...policies, "--format", "json");
      expect(JSON.parse(ran.stdout).files).toEqual(listed[name]);
    }
  });

  it("GitHub: the examples", async () => {
    for (const repository of repositories)
      for (const file of await filesReadIn(repository))
        for (const name of ["pull-request", "apply", "several-accounts"]) {
          const single = !repository.policies[0]?.startsWith("policies/");
          if (single && name === "several-accounts") continue;
          expect(triggersThatMiss(`examples/github/${name}.yml`, file), `${name}: ${file}`).toEqual([]);
        }
  });

  it("GitHub and GitLab: what init writes for a policy", async () => {
    for (const repository of repositories)
      for (const policy of repository.policies) {
        const cwd = await newFolder();
        for (const ci of ["github", "gitlab"])
          expect((await dbtIpRules({ cwd }, "init", "--policy", policy, "--ci", ci)).code).toBe(0);
        const pipeline: unknown = parse(readFileSync(join(cwd, ".gitlab-ci.yml"), "utf8"));
        expect(pipeline).toMatchObject({ variables: { POLICY: policy } });
        expect(JSON.stringify(pipeline)).not.toContain('"changes"');
        const workflows = yamlIn(join(cwd, ".github/workflows"));
        expect(workflows).toHaveLength(4);
        for (const file of await filesReadIn({ ...repository, policies: [policy] }))
          for (const workflow of workflows)
            expect(triggersThatMiss(workflow, file), `${workflow}: ${file}`).toEqual([]);
      }
  });

  it("GitLab, Atlantis and pre-commit", async () => {
    // A rule with `changes:` would be a path filter.
    expect(readFileSync("examples/gitlab/.gitlab-ci.yml", "utf8")).not.toMatch(/^\s+(- )?changes:/m);
    const atlantis = parse(readFileSync("examples/atlantis/atlantis.yaml", "utf8")) as {
      projects: { dir: string; autoplan: { when_modified: string[] } }[];
    };
    const hooks = parse(readFileSync(".pre-commit-hooks.yaml", "utf8")) as {
      files?: string;
      pass_filenames?: boolean;
    }[];
    expect(hooks).toHaveLength(2);
    for (const { pass_filenames: passed } of hooks) expect(passed).toBe(false);
    for (const repository of repositories)
      for (const file of await filesReadIn(repository)) {
        for (const { dir, autoplan } of atlantis.projects) {
          expect(dir).toBe(".");
          expect(
            autoplan.when_modified.some((pattern) => matches(pattern, file)),
            file,
          ).toBe(true);
        }
        for (const { files = "" } of hooks) expect(new RegExp(files).test(file), file).toBe(true);
      }
  });

  it("would notice a filter that is too narrow", () => {
    expect(matches("policy.yaml", "lists/blocklist.txt")).toBe(false);
    expect(matches("policies/*", "policies/lists/blocklist.txt")).toBe(false);
    expect(matches("policies/**", "policies/lists/blocklist.txt")).toBe(true);
    expect(matches("**/*", "policy.yaml")).toBe(true);
  });
});

describe("pinned, and without a cache in a release", () => {
  const ours = [...yamlIn(".github"), "action.yml", ...yamlIn("examples")];

  it("every action is a digest with its version beside it", () => {
    const uses = ours.flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line) => (/^\s*(- )?uses:/.test(line) ? [`${file}: ${line.trim()}`] : [])),
    );
    expect(uses.length).toBeGreaterThan(20);
    for (const line of uses) {
      if (/uses: (\.\/|OWNER\/dbt-ip-rules@v\d)/.test(line)) continue;
      expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it("one version of an action, and one digest of a version", () => {
    const pins = new Map<string, string>();
    for (const file of ours)
      for (const [, action = "", pin = ""] of readFileSync(file, "utf8").matchAll(
        /uses: (actions\/[a-z-]+)@(\S+ # \S+)/g,
      )) {
        expect(pins.get(action) ?? pin, `${file}: ${action}`).toBe(pin);
        pins.set(action, pin);
      }
    expect(pins.size).toBeGreaterThan(4);
  });

  it("a release takes nothing from a cache", () => {
    const steps = Object.values(readWorkflow(".github/workflows/release.yml").jobs).flatMap(
      (job) => job.steps,
    );
    const nodes = steps.filter(({ uses }) => uses?.startsWith("actions/setup-node@"));
    expect(nodes).toHaveLength(2);
    for (const { with: inputs } of nodes) {
      expect(inputs?.["package-manager-cache"]).toBe(false);
      expect(inputs).not.toHaveProperty("cache");
    }
    for (const { uses = "" } of steps) expect(uses).not.toContain("actions/cache");
  });
});
