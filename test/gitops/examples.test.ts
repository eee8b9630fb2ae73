/** The examples and this project's own workflows: valid by the published schemas, safe by rule, and run. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, parseDocument, visit } from "yaml";
import { actionFile, builtAction, newFolder, npmOnPath, runScript, sourcesOf } from "./runner.js";
import { type Job, readWorkflow, runJob, type Step } from "./workflow.js";
import { accountId, dbtToken, headCommit, policy, pullRequest, startWorld, type World } from "./world.js";

const filesIn = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name));
const workflows = [...filesIn("examples/github"), ...filesIn(".github/workflows")];

const schemaNamed = (name: string) => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(`test/fixtures/schemas/${name}.json`, "utf8")));
};
const problemsOf = (validate: ReturnType<typeof schemaNamed>, file: string): unknown => {
  validate(parse(readFileSync(file, "utf8"), { merge: true }));
  return validate.errors ?? [];
};

describe("published schemas", () => {
  const workflowSchema = schemaNamed("github-workflow");

  it.each(workflows)("%s is a workflow", (file) => {
    expect(problemsOf(workflowSchema, file)).toEqual([]);
  });

  it("action.yml is an action, and the pipeline is GitLab's", () => {
    expect(problemsOf(schemaNamed("github-action"), "action.yml")).toEqual([]);
    expect(problemsOf(schemaNamed("gitlab-ci"), "examples/gitlab/.gitlab-ci.yml")).toEqual([]);
  });

  it("would notice a mistake", () => {
    const wrong = { on: "push", jobs: { a: { "runs-on": "ubuntu-latest", steps: [{ shell: "bash" }] } } };
    expect(workflowSchema(wrong)).toBe(false);
  });
});

describe("rules of the house", () => {
  const jobsOf = (file: string): [string, Job][] => Object.entries(readWorkflow(file).jobs);
  const stepsOf = (file: string): Step[] => jobsOf(file).flatMap(([, { steps }]) => [...steps]);

  it.each([...workflows, "action.yml"])("%s has no expression inside a script", (file) => {
    const steps: readonly { readonly run?: string }[] =
      file === "action.yml" ? actionFile.runs.steps : stepsOf(file);
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
  });

  it.each(workflows)("%s grants by name, ends in time, and keeps no credentials", (file) => {
    const { permissions } = readWorkflow(file);
    expect(permissions).toBeTypeOf("object");
    expect(
      Object.entries(permissions ?? {}).filter(([name, level]) => name === "contents" && level !== "read"),
    ).toEqual([]);
    for (const [, job] of jobsOf(file)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
    for (const step of stepsOf(file)) {
      if (step.uses === undefined) continue;
      expect(step.uses).toMatch(/^(\.\/|actions\/[a-z-]+@[0-9a-f]{40}|OWNER\/dbt-ip-rules@v\d+\.\d+\.\d+)$/);
      if (step.uses.startsWith("actions/checkout@")) expect(step.with?.["persist-credentials"]).toBe(false);
    }
  });

  it.each(workflows)("%s: one apply at a time, never interrupted", (file) => {
    const workflow = readWorkflow(file);
    for (const [, job] of jobsOf(file)) {
      if (!job.steps.some((step) => step.with?.command === "apply") || file.includes("ci.yml")) continue;
      expect(job.concurrency ?? workflow.concurrency).toMatchObject({ "cancel-in-progress": false });
      expect(job.environment).toBeDefined();
    }
  });

  // The .npmrc of a checkout can name the registry that npm takes a program from.
  it("no example runs npm where the policy's repository is checked out", () => {
    const files = readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.ya?ml$/.test(file),
    );
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) {
      const text = readFileSync(join("examples", file), "utf8").replace(/^ *#.*$/gm, "");
      const elsewhere = text.replace(
        /\(cd "\$DBT_IP_RULES_HOME" &&(?:\s+env -i "\$@" npm [^)&]*(?:&&)?)*\)/g,
        "",
      );
      expect(elsewhere, file).not.toMatch(/\b(?:npm|npx|yarn|pnpm) /);
    }
  });

  // Rules `line-length` and `braces` of https://yamllint.readthedocs.io/en/stable/rules.html, as they are by default. Where
  // Prettier writes `{ a: 1 }`, yamllint wants `{a: 1}`: block style pleases both.
  it("every example passes the defaults of yamllint", () => {
    const files = readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.ya?ml$/.test(file),
    );
    const allowed = "# yamllint disable-line rule:line-length";
    for (const file of files) {
      const text = readFileSync(join("examples", file), "utf8");
      const lines = text.split("\n");
      const tooLong = lines.filter(
        (line, at) =>
          line.length > 80 &&
          lines[at - 1]?.trim() !== allowed &&
          /\S /.test(line.replace(/^ *(?:[#-] )?/, "")),
      );
      expect(tooLong, file).toEqual([]);
      const spaced: string[] = [];
      visit(parseDocument(text), {
        Map: (_, { flow, range }) => {
          const written = text.slice(range?.[0], range?.[1]);
          if (flow === true && /^\{ | \}$/.test(written)) spaced.push(written);
        },
      });
      expect(spaced, file).toEqual([]);
    }
  });

  it("names the version of package.json everywhere", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    const files = ["github", "gitlab", "pre-commit", "atlantis"].flatMap((name) =>
      filesIn(`examples/${name}`),
    );
    for (const file of files)
      for (const [, found] of readFileSync(file, "utf8").matchAll(
        /dbt-ip-rules(?:@v?|_VERSION: |\n +rev: v|\.git#v)(\d[\w.-]*)/gi,
      ))
        expect(found, file).toBe(version);
  });

  it("documents every input and output, and links to what is there", () => {
    const page = readFileSync("docs/ci.md", "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, name]) => name),
    );
    expect(named.toSorted()).toEqual(
      [...Object.keys(actionFile.inputs), ...Object.keys(actionFile.outputs)].toSorted(),
    );
    for (const [, link = ""] of page.matchAll(/\]\(([^)#:]+)\)/g))
      expect(existsSync(join("docs", link)), link).toBe(true);
  });

  it("declares every input that it reads, and reads every one that it declares", () => {
    const step = actionFile.runs.steps.find(({ id }) => id === "run");
    const passed = Object.values(step?.env ?? {}).map((text) => text.replace(/^\$\{\{ inputs\.| \}\}$/g, ""));
    expect(passed.toSorted()).toEqual(Object.keys(actionFile.inputs).toSorted());
  });
});

describe("run", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  const valuesFor = (more: Record<string, string> = {}) => ({
    "vars.DBT_HOST": world.emulator.url,
    "vars.DBT_RUNNER_IP": "203.0.113.10",
    "secrets.DBT_PLAN_TOKEN": dbtToken,
    "secrets.DBT_APPLY_TOKEN": dbtToken,
    "secrets.DBT_TOKEN": dbtToken,
    ...more,
  });
  const jobOf = (file: string, name: string): Job => {
    const job = readWorkflow(`examples/github/${file}.yml`).jobs[name];
    if (job === undefined) throw new Error(`${file} has no job ${name}`);
    return job;
  };

  it("GitHub: a pull request is planned, merged, applied, proven, and then does not drift", async () => {
    const onPull = (inputs: Readonly<Record<string, string>>) =>
      world.runSteps({ token: "", ...inputs }, { event: pullRequest() });
    const planned = await runJob(jobOf("pull-request", "plan"), valuesFor(), onPull);
    expect(planned.outputs.verdict, planned.log).toBe("changes");
    expect(world.github.comments.get(12)?.[0]?.body).toContain("1 to create");

    world.github.pulls.set(headCommit, [
      { number: 12, merged_at: "2026-11-20T10:00:00Z", merge_commit_sha: headCommit },
    ]);
    const onPush = (inputs: Readonly<Record<string, string>>) => world.run({ token: "", ...inputs });
    const saved = await runJob(jobOf("apply", "plan"), valuesFor(), onPush);
    expect(jobOf("apply", "apply").if).toBe(`needs.plan.outputs.verdict == '${saved.outputs.verdict}'`);
    const applied = await runJob(jobOf("apply", "apply"), valuesFor(), onPush);
    expect(applied.outputs).toMatchObject({ verdict: "done", "audit-verdict": "confirmed" });
    expect(world.github.comments.get(12)).toHaveLength(2);

    const drift = await runJob(jobOf("drift", "drift"), valuesFor(), onPush);
    expect(drift.outputs.verdict).toBe("no-drift");
  });

  it("GitLab: each schedule runs its own job and no other", () => {
    const jobs = Object.entries({
      ...(parse(readFileSync("examples/gitlab/.gitlab-ci.yml", "utf8")) as object),
      ...(parse(readFileSync("examples/gitlab/lists.yml", "utf8")) as object),
    });
    const readWord = (word: string, variables: Readonly<Record<string, string>>): string =>
      word.startsWith("$") ? (variables[word.slice(1)] ?? "") : word.replaceAll('"', "");
    const started = (own: Readonly<Record<string, string>>): readonly string[] => {
      const variables = { CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: "main", ...own };
      const all = { ...variables, CI_DEFAULT_BRANCH: "main" };
      const holds = (condition: string): boolean =>
        condition.split(" && ").every((part) => {
          const [left = "", operator, right = ""] = part.split(" ");
          return (readWord(left, all) === readWord(right, all)) === (operator === "==");
        });
      return jobs.flatMap(([name, job]) => {
        const { rules, stage } = job as { rules?: readonly { if: string }[]; stage?: string };
        return stage !== undefined && rules?.some((rule) => holds(rule.if)) === true ? [name] : [];
      });
    };
    expect(started({})).toEqual(["drift"]);
    expect(started({ DBT_EXPIRE: "yes" })).toEqual(["expire"]);
    expect(started({ DBT_LISTS: "yes" })).toEqual(["lists"]);
  });

  it("GitHub and GitLab: an entry whose time has come is taken out, and nothing else is done", async () => {
    const gitlab = parse(readFileSync("examples/gitlab/.gitlab-ci.yml", "utf8")) as {
      expire: { script: string[] };
      variables: Record<string, string>;
    };
    const expires = (date: string): string =>
      policy.replace("192.0.2.64/28]", `192.0.2.64/28, { cidr: 198.51.100.200, expires: ${date} }]`);
    const onPush = (inputs: Readonly<Record<string, string>>) => world.run({ token: "", ...inputs });
    for (const way of ["GitHub", "GitLab"]) {
      world.write("policy.yaml", expires("2099-01-01"));
      const applied = await world.run({ command: "apply", host: world.emulator.url, comment: "false" });
      expect(applied.code, applied.log).toBe(0);
      world.write("policy.yaml", expires("2020-01-01"));
      if (way === "GitHub") {
        const ran = await runJob(jobOf("expire", "expire"), valuesFor(), onPush);
        expect(ran.outputs, ran.log).toMatchObject({ verdict: "done", "audit-verdict": "confirmed" });
        const again = await runJob(jobOf("expire", "expire"), valuesFor(), onPush);
        expect(again.outputs, again.log).toMatchObject({ verdict: "nothing", "exit-code": "0" });
      } else {
        const env = {
          ...gitlab.variables,
          PATH: await programOnPath(),
          DBT_CLOUD_HOST_URL: world.emulator.url,
          DBT_APPLY_TOKEN: dbtToken,
          XDG_STATE_HOME: join(world.workspace, "state"),
        };
        const ran = await runScript(gitlab.expire.script.join("\n"), { cwd: world.workspace, env });
        expect(ran.code, ran.log).toBe(0);
      }
      const prefixes = world.emulator
        .state()
        .rules.flatMap(({ cidrs }) => cidrs.filter(({ state }) => state === 1).map(({ cidr }) => cidr));
      expect(prefixes).toContain("192.0.2.64/28");
      expect(prefixes.join(" ")).not.toContain("198.51.100.200");
    }
  });

  it("GitHub: several accounts, each with its own policy", async () => {
    const plan = jobOf("several-accounts", "plan");
    const onPull = (inputs: Readonly<Record<string, string>>) =>
      world.run({ token: "", ...inputs }, { event: pullRequest() });
    for (const account of plan.strategy?.matrix.account ?? []) {
      world.write(`policies/${account}.yaml`, policy);
      const ran = await runJob(plan, valuesFor({ "matrix.account": String(account) }), onPull);
      expect(ran.outputs.verdict, ran.log).toBe("changes");
    }
    // After the merge the plan is made again, and what is approved and applied is that plan.
    const onPush = (inputs: Readonly<Record<string, string>>) => world.run({ token: "", ...inputs });
    const saved = await runJob(plan, valuesFor({ "matrix.account": "production" }), onPush);
    expect(saved.outputs.verdict, saved.log).toBe("changes");
    const upload = plan.steps.find(({ uses }) => uses?.startsWith("actions/upload-artifact@"));
    expect(upload?.if).toContain("steps.plan.outputs.verdict == 'changes'");
    const ran = await runJob(
      jobOf("several-accounts", "apply"),
      valuesFor({ "matrix.account": "production" }),
      onPush,
    );
    expect(ran.outputs, ran.log).toMatchObject({ verdict: "done", "audit-verdict": "confirmed" });
  });

  it("GitHub: asks only for the accounts whose plan has a change", async () => {
    const [, list] = jobOf("several-accounts", "changed").steps;
    const accounts = async (...saved: string[]): Promise<string> => {
      const cwd = newFolder("artifacts");
      for (const account of saved) mkdirSync(join(cwd, "plans", `plan-${account}`), { recursive: true });
      const ran = await runScript(list?.run ?? "", { cwd, env: { GITHUB_OUTPUT: join(cwd, "output") } });
      expect(ran.code, ran.log).toBe(0);
      return readFileSync(join(cwd, "output"), "utf8");
    };
    expect(await accounts("production", "staging")).toBe('accounts=["production","staging"]\n');
    expect(await accounts("staging")).toBe('accounts=["staging"]\n');
    // `apply` is then skipped: an empty matrix would fail.
    expect(await accounts()).toBe("accounts=[]\n");
    expect(jobOf("several-accounts", "apply").if).toContain("needs.changed.outputs.accounts != '[]'");
  });

  /** What the pipelines find on the path: the program under its name. */
  const programOnPath = async (): Promise<string> => {
    const folder = newFolder("bin");
    const main = join(builtAction(), "dist/cli/main.js");
    const made = await runScript(
      `printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' "$NODE" "$MAIN" > dbt-ip-rules && chmod +x dbt-ip-rules`,
      { cwd: folder, env: { NODE: process.execPath, MAIN: main } },
    );
    expect(made.code).toBe(0);
    return `${folder}:${process.env.PATH}`;
  };

  it.each([["203.0.113.10"], [undefined]])(
    "GitLab: validate, plan, apply and drift, with the reports of the widgets; runners at %s",
    async (address) => {
      // Jobs and defaults of this project's own example.
      const pipeline = parse(readFileSync("examples/gitlab/.gitlab-ci.yml", "utf8")) as Record<
        "validate" | "plan" | "apply" | "drift",
        { script: string[]; artifacts: { reports?: Record<string, string> } }
      > & { variables: Record<string, string> };
      const env = {
        ...pipeline.variables,
        PATH: await programOnPath(),
        DBT_CLOUD_HOST_URL: world.emulator.url,
        DBT_PLAN_TOKEN: dbtToken,
        DBT_APPLY_TOKEN: dbtToken,
        ...(address === undefined ? {} : { DBT_RUNNER_IP: address }),
        XDG_STATE_HOME: join(world.workspace, "state"),
      };
      const jobs = ["validate", "plan", "apply", "drift"] as const;
      for (const name of address === undefined ? jobs.slice(1, 3) : jobs) {
        const { script, artifacts } = pipeline[name];
        const ran = await runScript(script.join("\n"), { cwd: world.workspace, env });
        expect(ran.code, ran.log).toBe(0);
        expect(ran.log).not.toContain(dbtToken);
        if (name === "plan") expect(ran.log.includes("caller-unknown")).toBe(address === undefined);
        for (const file of Object.values(artifacts.reports ?? {}))
          expect(readFileSync(join(world.workspace, file), "utf8").length).toBeGreaterThan(0);
      }
      const report: unknown = JSON.parse(readFileSync(join(world.workspace, "terraform.json"), "utf8"));
      expect(report).toEqual({ create: 1, update: 1, delete: 0 });
    },
  );

  it("GitLab: the plan of a merge request warns of a rule that left the file, by the policy before it", async () => {
    const pipeline = parse(readFileSync("examples/gitlab/.gitlab-ci.yml", "utf8")) as {
      plan: { script: string[] };
      variables: Record<string, string>;
    };
    const origin = newFolder("origin");
    const git = "git -c user.name=test -c user.email=test@example.invalid";
    // On the target branch a policy with one rule more; the merge request is two commits on, the clone has the last one.
    const prepared = await runScript(
      [
        `git init -q -b main && git config uploadpack.allowAnySHA1InWant true`,
        `mkdir access && printf '%s' "$BEFORE" > access/policy.yaml && git add -A && ${git} commit -qm base`,
        `git rev-parse HEAD > .git/base`,
        `git checkout -qb change && printf '%s' "$AFTER" > access/policy.yaml && ${git} commit -qam first`,
        `printf '%s' "$AFTER" > access/new.yaml && git add -A && ${git} commit -qm second`,
        `git clone -q --depth 1 -b change "file://$PWD" clone`,
      ].join("\n"),
      {
        cwd: origin,
        env: {
          BEFORE: policy.replace(
            "guards:",
            "  - { name: Set by hand, type: deny, cidrs: [203.0.113.96/28] }\nguards:",
          ),
          AFTER: policy,
        },
      },
    );
    expect(prepared.code, prepared.log).toBe(0);
    const sha = readFileSync(join(origin, ".git/base"), "utf8").trim();
    const path = await programOnPath();
    const planOf = (more: Record<string, string>) =>
      runScript(["set -eu", ...pipeline.plan.script].join("\n"), {
        cwd: join(origin, "clone"),
        env: {
          ...pipeline.variables,
          PATH: path,
          POLICY: "access/policy.yaml",
          DBT_CLOUD_HOST_URL: world.emulator.url,
          DBT_PLAN_TOKEN: dbtToken,
          DBT_RUNNER_IP: "203.0.113.10",
          XDG_STATE_HOME: join(world.workspace, "state"),
          TMPDIR: newFolder("temp"),
          ...more,
        },
      });
    const bare = await planOf({});
    expect([bare.code, bare.log.includes("left the file")], bare.log).toEqual([0, false]);
    for (const name of ["CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA"]) {
      const ran = await planOf({ [name]: sha });
      expect([ran.code, ran.log.includes("left the file")], ran.log).toEqual([0, true]);
    }
    const added = await planOf({ CI_MERGE_REQUEST_DIFF_BASE_SHA: sha, POLICY: "access/new.yaml" });
    expect([added.code, added.log.includes("left the file")], added.log).toEqual([0, false]);
    const unknown = await planOf({ CI_MERGE_REQUEST_DIFF_BASE_SHA: "0".repeat(39).concat("1") });
    expect([unknown.code, unknown.log], unknown.log).toEqual([
      0,
      expect.stringContaining("are not looked for"),
    ]);
  });

  it("GitLab: builds the program from its repository, with no token near it", async () => {
    const { default: job, variables } = parse(readFileSync("examples/gitlab/.gitlab-ci.yml", "utf8")) as {
      default: { before_script: string[] };
      variables: Record<string, string>;
    };
    const repository = newFolder("repository");
    sourcesOf(repository);
    const git = "git -c user.name=test -c user.email=test@example.invalid";
    const committed = await runScript(
      `git init -q && git add -A && ${git} commit -qm sources && git tag "v${variables["DBT_IP_RULES_VERSION"]}"`,
      { cwd: repository, env: {} },
    );
    expect(committed.code, committed.log).toBe(0);
    const { path, calls } = npmOnPath();
    world.write(".npmrc", "registry=http://127.0.0.1:9/\n");
    const ran = await runScript([...job.before_script, "dbt-ip-rules --version"].join("\n"), {
      cwd: world.workspace,
      env: {
        ...variables,
        DBT_IP_RULES_REPOSITORY: `file://${repository}`,
        CI_PROJECT_DIR: world.workspace,
        DBT_APPLY_TOKEN: dbtToken,
        PATH: path,
        TMPDIR: newFolder("temp"),
        HTTPS_PROXY: "http://proxy.example:3128",
        NODE_EXTRA_CA_CERTS: "",
        no_proxy: "a.example, b.example",
      },
    });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.log.trim().split("\n").at(-1)).toBe(variables["DBT_IP_RULES_VERSION"]);
    expect(calls()).toMatch(/^npm ci --ignore-scripts/);
    expect(calls()).toContain("HTTPS_PROXY=http://proxy.example:3128\n");
    expect(calls()).toContain("no_proxy=a.example, b.example\n");
    expect(calls()).not.toContain("NODE_EXTRA_CA_CERTS");
    expect(calls()).not.toContain(dbtToken);
  });

  it("Atlantis: the steps of its server's workflow", async () => {
    const { workflows: known } = parse(readFileSync("examples/atlantis/repos.yaml", "utf8")) as {
      workflows: Record<string, Record<"plan" | "apply", { steps: { run: string }[] }>>;
    };
    const { projects } = parse(readFileSync("examples/atlantis/atlantis.yaml", "utf8")) as {
      projects: { workflow: string }[];
    };
    const workflow = known[projects[0]?.workflow ?? ""];
    const env = {
      PATH: await programOnPath(),
      PLANFILE: join(world.workspace, "default.tfplan"),
      DBT_CLOUD_HOST_URL: world.emulator.url,
      DBT_CLOUD_TOKEN: dbtToken,
      DBT_CLOUD_ACCOUNT_ID: String(accountId),
      XDG_STATE_HOME: join(world.workspace, "state"),
    };
    for (const { run } of [...(workflow?.plan.steps ?? []), ...(workflow?.apply.steps ?? [])]) {
      const ran = await runScript(run, { cwd: world.workspace, env });
      expect(ran.code, ran.log).toBe(0);
    }
    expect(world.emulator.state().rules.some(({ name }) => name === "Partner")).toBe(true);
  });

  it("pre-commit: the hooks' own commands, on a good policy and a bad one", async () => {
    const config = parse(readFileSync("examples/pre-commit/.pre-commit-config.yaml", "utf8")) as {
      repos: { hooks: { id: string }[] }[];
    };
    const offered = parse(readFileSync(".pre-commit-hooks.yaml", "utf8")) as {
      id: string;
      entry: string;
      args: string[];
    }[];
    const commands = config.repos.flatMap(({ hooks }) =>
      hooks.map(({ id }) => {
        const hook = offered.find((one) => one.id === id);
        return `${hook?.entry} ${hook?.args.join(" ")} policies/second.yaml`;
      }),
    );
    expect(commands).toHaveLength(2);
    const env = { PATH: await programOnPath() };
    for (const [text, expected] of [
      [policy, 0],
      ["version: 1\nrulez: []\n", 1],
    ] as const) {
      world.write("policy.yaml", text);
      world.write("policies/second.yaml", policy.replace(String(accountId), "66848"));
      for (const command of commands) {
        const ran = await runScript(command, { cwd: world.workspace, env });
        expect(ran.code, `${command}: ${ran.log}`).toBe(expected);
      }
    }
  });
});
