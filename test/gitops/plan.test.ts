/** `command: plan`: outputs, summary, annotations, and one comment that only its author can change. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { githubToken, ownLogin, repository } from "./github-stand-in.js";
import { actionFile } from "./runner.js";
import {
  accountId,
  baseCommit,
  dbtToken,
  headCommit,
  policy,
  policyAsIs,
  pullRequest,
  startWorld,
  type World,
} from "./world.js";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const event = pullRequest();
const commentsOf = () => world.github.comments.get(12) ?? [];
const marker = () => `<!-- dbt-ip-rules:plan:${world.emulator.url.replace("http://", "")}:${accountId} -->`;

describe("plan on a pull request", () => {
  it("says what it found in every place that GitHub has for it", async () => {
    const ran = await world.runSteps({}, { event });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs).toMatchObject({
      "exit-code": "0",
      verdict: "changes",
      creates: "1",
      updates: "1",
      deletes: "0",
      direction: "broadens",
    });
    const saved: unknown = JSON.parse(readFileSync(ran.outputs["plan-file"] ?? "", "utf8"));
    expect(saved).toMatchObject({ account: { id: accountId } });
    expect(ran.summary).toContain("### dbt IP restrictions: access broadens");
    expect(ran.summary).not.toContain("<!--");
    expect(ran.log).toMatch(/^::notice title=Plan::Plan: 1 to create/m);
    const [comment, ...others] = commentsOf();
    expect(others).toEqual([]);
    expect(comment?.body.split("\n", 1)[0]).toBe(marker());
    expect(comment?.body).toContain(`Commit ${headCommit.slice(0, 12)}`);
    expect(ran.outputs["comment-url"]).toBe(comment?.html_url);
  });

  it("attaches a page to the run, and links it from the comment", async () => {
    const ran = await world.runSteps({}, { event });
    expect(ran.code, ran.log).toBe(0);
    const { page = "" } = ran.outputs;
    expect(basename(page)).toBe(
      `ip-restrictions-${world.emulator.url.replace("http://", "").replace(":", "-")}-${accountId}.html`,
    );
    expect(readFileSync(page, "utf8")).toContain("<h1>dbt IP restrictions: access broadens</h1>");
    expect(commentsOf()[0]?.body).toContain(`/${repository}/actions/runs/4711#artifacts)`);
    const upload = actionFile.runs.steps.find(({ uses }) => uses?.startsWith("actions/upload-artifact@"));
    expect(upload?.with?.["path"]).toContain("steps.run.outputs.page");
  });

  it("attaches no page where none is wanted, and none of a plan that failed", async () => {
    const unwanted = await world.run({ page: "false" }, { event });
    expect(unwanted.outputs["page"]).toBe("");
    expect(commentsOf()[0]?.body).not.toContain("#artifacts");
    world.write("policy.yaml", "nonsense");
    expect((await world.run({}, { event })).outputs["page"]).toBe("");
  });

  it("warns first about a rule that the pull request takes out of the file", async () => {
    const withHandMade = `${policyAsIs}`.replace(
      "guards:",
      "  - { name: Set by hand, type: deny, cidrs: [203.0.113.96/28] }\nguards:",
    );
    world.github.contents.set(`policy.yaml@${baseCommit}`, withHandMade);
    world.write("policy.yaml", policyAsIs);
    const ran = await world.run({}, { event });
    expect(ran.code, ran.log).toBe(0);
    const body = commentsOf()[0]?.body ?? "";
    const [, headline = ""] = body.split("\n");
    expect(headline).toBe(
      "### dbt IP restrictions: no changes, but 1 rule that left the file stays on the account",
    );
    const warning = body.indexOf('Rule "Set by hand" left the file but stays on the account');
    expect(warning).toBeGreaterThan(0);
    expect(body.slice(warning)).toContain("removed_rules: [Set by hand]");
    expect(warning).toBeLessThan(body.indexOf("Unmanaged: 1 rule"));
    expect(ran.log).toMatch(/^::warning title=rule-left-file::Rule "Set by hand" left the file/m);
  });

  it("says where the target branch's policy cannot be read, and plans all the same", async () => {
    world.github.faults.push({ method: "GET", path: /contents/, status: 403 });
    const ran = await world.run({}, { event });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.log).toMatch(
      /^::notice title=Rules that left the file::The policy of the target branch could not be read/m,
    );
  });

  it("needs no base where the pull request adds the policy", async () => {
    const ran = await world.run({}, { event });
    expect(ran.log).not.toContain("could not be read");
  });

  it("updates its comment in place, behind a hundred others", async () => {
    for (let index = 0; index < 130; index++)
      world.github.addComment(12, { login: "someone", type: "User" }, `remark ${index}`);
    await world.run({}, { event });
    const id = commentsOf().at(-1)?.id;
    world.write("policy.yaml", policyAsIs);
    const ran = await world.run({}, { event });
    expect(ran.outputs.verdict).toBe("no-changes");
    expect(commentsOf()).toHaveLength(131);
    const own = commentsOf().filter(({ user }) => user.login === ownLogin);
    expect(own.map((comment) => comment.id)).toEqual([id]);
    expect(own[0]?.body).toContain("No changes.");
  });

  it("leaves a stranger's comment alone that has its marker, and its own that only quotes it", async () => {
    const forged = `${marker()}\nPlan: nothing to see here`;
    const foreign = world.github.addComment(12, { login: "stranger", type: "User" }, forged);
    const alike = world.github.addComment(12, { login: "github-actions", type: "User" }, forged);
    const quoting = world.github.addComment(12, { login: ownLogin, type: "Bot" }, `> ${marker()}`);
    const before = [foreign.body, alike.body, quoting.body];
    await world.run({}, { event });
    await world.run({}, { event });
    expect([foreign.body, alike.body, quoting.body]).toEqual(before);
    expect(commentsOf()).toHaveLength(4);
  });

  it("keeps apart the comments of two accounts", async () => {
    const other = await startWorld();
    const elsewhere = await world.run({ host: other.emulator.url }, { event });
    await other.close();
    const here = await world.run({}, { event });
    expect(commentsOf()).toHaveLength(2);
    expect(here.outputs["comment-url"]).not.toBe(elsewhere.outputs["comment-url"]);
  });

  it("says in its earlier comment that the plan failed", async () => {
    await world.run({}, { event });
    world.write("policy.yaml", "version: 1\nrulez: []\n");
    const ran = await world.run({}, { event });
    expect(ran.code).toBe(1);
    expect(ran.outputs).toMatchObject({ "exit-code": "1", verdict: "error" });
    expect(ran.log).toMatch(/^::error file=policy.yaml,line=2,col=1,title=[a-z-]+::/m);
    expect(ran.summary).toContain("plan failed");
    expect(commentsOf()).toHaveLength(1);
    expect(commentsOf()[0]?.body).toContain("no longer hold");
    world.write("policy.yaml", policy);
    await world.run({}, { event });
    expect(commentsOf()).toHaveLength(1);
    expect(commentsOf()[0]?.body).toContain("1 to create");
  });

  it("makes no comment about a failed plan where there was none", async () => {
    world.write("policy.yaml", "version: 1\n");
    expect((await world.run({}, { event })).code).toBe(1);
    expect(commentsOf()).toEqual([]);
  });

  it("ends with 3 where a guard refuses, after the comment", async () => {
    world.write("policy.yaml", policy.replace("guards:\n", "guards:\n  must_deny: [192.0.2.70]\n"));
    const ran = await world.run({}, { event });
    expect(ran.code).toBe(3);
    expect(ran.outputs).toMatchObject({ "exit-code": "3", verdict: "refused" });
    expect(commentsOf()[0]?.body).toContain("must_deny");
    expect(ran.log).toMatch(/^::error /m);
  });

  it("does not comment where it is told not to, or where there is no pull request", async () => {
    await world.run({ comment: "false" }, { event });
    await world.run({}, { event: {} });
    expect(world.github.requests.filter((one) => !one.includes("/contents/"))).toEqual([]);
  });

  it("reports files from the repository's root, whatever its folder", async () => {
    world.write("accounts/prod/policy.yaml", "version: 1\nrulez: []\n");
    const ran = await world.run({ "working-directory": "accounts/prod" }, { event });
    expect(ran.log).toMatch(/^::error file=accounts\/prod\/policy.yaml,line=2/m);
  });
});

describe("hostile surroundings", () => {
  it("executes nothing of a title, and shows no token", async () => {
    const ran = await world.runSteps({ args: "--debug" }, { event });
    expect(existsSync(join(world.workspace, "pwned"))).toBe(false);
    const everything = [ran.log, ran.summary, ...Object.values(ran.outputs), commentsOf()[0]?.body].join(
      "\n",
    );
    expect(everything).toContain("1 to create");
    for (const secret of [dbtToken, githubToken]) expect(everything).not.toContain(secret);
    expect(ran.log).not.toMatch(/forged/);
  });

  it("shows what hides in a policy that does not load", async () => {
    world.write("policy.yaml", 'version: 1\n"\\e[31m\\u202E::error::forged\\L": 1\n');
    const ran = await world.run({}, { event });
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(/^::error file=policy.yaml,line=2/m);
    expect(`${ran.log}${ran.summary}`).not.toMatch(/[\u001b\u202e\u2028]/);
    expect(ran.log).not.toMatch(/^::error::/m);
  });

  it("writes a value of several lines as one output", async () => {
    const ran = await world.runSteps({ "plan-file": "odd\nverdict=forged", comment: "false" }, { event });
    expect(ran.outputs).toMatchObject({
      verdict: "changes",
      "plan-file": join(world.workspace, "odd\nverdict=forged"),
    });
  });

  it("takes each line of args as one argument, and no shell sees it", async () => {
    const ran = await world.runSteps(
      { args: "--client-ip\n203.0.113.11\n\n--now=2026-01-01; touch pwned" },
      { event },
    );
    expect(ran.code).toBe(1);
    expect(ran.log).toContain("--now");
    expect(existsSync(join(world.workspace, "pwned"))).toBe(false);
  });

  it.each([
    ["a fork", pullRequest("stranger/platform"), "octocat", "plan"],
    ["a fork that was deleted", { pull_request: { number: 12, head: { repo: null } } }, "octocat", "apply"],
    ["a run that a fork began", { workflow_run: { head_repository: { full_name: "m/p" } } }, "x", "drift"],
    ["a check of a fork's commit", { check_suite: { head_branch: null } }, "x", "plan"],
    ["a check run of a fork's commit", { check_run: { check_suite: {} } }, "x", "apply"],
    ["Dependabot", event, "dependabot[bot]", "plan"],
  ])("only validates for %s, token or not", async (_, fromOutside, actor, command) => {
    world.write("policy.yaml", policy.replace("account:\n", "account:\n  host: evil.example\n"));
    const ran = await world.run(
      { command, host: "" },
      { event: fromOutside, env: { GITHUB_ACTOR: actor, DBT_CLOUD_TOKEN: dbtToken } },
    );
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs.verdict).toBe("valid");
    expect(ran.log).toMatch(/^::notice title=Checked offline only::/m);
    expect(ran.summary).toContain("the policy is valid");
    expect(world.emulator.requests.list()).toEqual([]);
    expect(world.github.requests).toEqual([]);
  });

  describe("a run that a comment on a pull request began", () => {
    const commented = { issue: { number: 12, pull_request: {} }, comment: { body: "/apply" } };

    it.each([
      ["plan", null],
      ["apply", "stranger/platform"],
      ["drift", "stranger/platform"],
    ] as const)("only validates for %s where it comes from %s", async (command, from) => {
      world.github.heads.set(12, from);
      const ran = await world.run({ command }, { event: commented });
      expect(ran.code, ran.log).toBe(0);
      expect(ran.outputs.verdict).toBe("valid");
      expect(ran.log).toMatch(/^::notice title=Checked offline only::.*a fork/m);
      expect(world.emulator.requests.list()).toEqual([]);
    });

    it("plans where it comes from this repository", async () => {
      world.github.heads.set(12, repository);
      const ran = await world.run({}, { event: commented });
      expect(ran.outputs.verdict, ran.log).toBe("changes");
    });

    it("sends no token where GitHub does not say", async () => {
      const ran = await world.run({}, { event: commented });
      expect(ran.code).toBe(1);
      expect(ran.log).toMatch(/^::error title=dbt-ip-rules::.*pulls\/12.*404/m);
      expect(world.emulator.requests.list()).toEqual([]);
    });

    it("is like any other where it is on an issue", async () => {
      const ran = await world.run({}, { event: { issue: { number: 12 } } });
      expect(ran.outputs.verdict, ran.log).toBe("changes");
    });
  });

  it("fails where the secret is only missing", async () => {
    const ran = await world.run({ token: "" }, { event });
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(/title=token-missing::.*secret/);
  });

  it("names the input where the host is missing", async () => {
    const ran = await world.run({ host: "" }, { event });
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(/title=host-missing::.*input host/);
  });

  it("takes the input's token, whatever the job has", async () => {
    const env = { DBT_CLOUD_TOKEN: "other", DBT_CLOUD_API_TOKEN: "another", DBT_CLOUD_TOKEN_66847: "third" };
    const ran = await world.run({ comment: "false" }, { event, env });
    expect(ran.outputs.verdict, ran.log).toBe("changes");
  });

  it("sends the token to no host but the one it was given", async () => {
    world.write("policy.yaml", policy.replace("account:\n", "account:\n  host: evil.example\n"));
    const ran = await world.run({}, { event });
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(/title=host-mismatch::/);
  });
});

describe("a GitHub that is not well", () => {
  it("asks again after a 503, and waits out a rate limit", async () => {
    world.github.faults.push(
      { method: "GET", path: /comments/, status: 503 },
      { method: "POST", path: /comments/, status: 403, headers: { "retry-after": "0" } },
      { method: "POST", path: /comments/, status: 429, headers: { "retry-after": "0" } },
    );
    const ran = await world.run({}, { event });
    expect(ran.code, ran.log).toBe(0);
    expect(commentsOf()).toHaveLength(1);
  });

  it("writes no second comment where the answer to the first was lost", async () => {
    world.github.faults.push({ method: "POST", path: /comments/, status: 502, after: true });
    const ran = await world.run({}, { event });
    expect(ran.code, ran.log).toBe(0);
    expect(commentsOf()).toHaveLength(1);
  });

  /** The message is cut in the middle of the token: where it is shown, or where it is read. */
  it.each([`POST /repos/${repository}/issues/12/comments: GitHub answered 403 `, ""])(
    "shows no part of a token, however long the answer is that repeats it",
    async (before) => {
      const message = `${"x".repeat(490 - before.length)}${dbtToken}`;
      world.github.faults.push({ method: "POST", path: /comments/, status: 403, body: { message } });
      const ran = await world.run({}, { event });
      expect(ran.log).toContain("xxxx");
      expect(ran.log).not.toContain(dbtToken.slice(0, 8));
    },
  );

  it("fails with the missing permission's name, its outputs written", async () => {
    world.github.faults.push({
      method: "POST",
      path: /comments/,
      status: 403,
      body: { message: `Resource not accessible\n::error::${dbtToken}` },
    });
    const ran = await world.run({}, { event });
    expect(ran.code).toBe(1);
    expect(ran.outputs.verdict).toBe("changes");
    expect(ran.log).toMatch(/^::error title=dbt-ip-rules::.*pull-requests: write/m);
    expect(ran.log).not.toMatch(/^::error::/m);
    expect(ran.log).not.toContain(dbtToken);
  });
});

describe("a comment that cannot be written", () => {
  const failing = (method: string, path: RegExp, status: number, times = 1) =>
    Array.from({ length: times }, () => ({ method, path, status }));
  const refusedPolicy = policy.replace("guards:\n", "guards:\n  must_deny: [192.0.2.70]\n");

  it.each([
    ["no permission", failing("GET", /comments/, 403), {}, "pull-requests: write", [3]],
    ["a GitHub that is down", failing("POST", /comments/, 500, 3), {}, "GitHub answered 500", [0]],
    ["a token that ran out", failing("POST", /graphql/, 401), {}, "has run out", [3]],
    ["no token", [], { "github-token": "" }, "github-token is empty", [0, 3]],
  ] as const)(
    "%s: hides neither how the plan ended nor what to do",
    async (_, faults, inputs, says, ends) => {
      for (const end of ends) {
        const [text, ownCode, code] = end === 0 ? [policy, "0", 1] : [refusedPolicy, "3", 3];
        world.write("policy.yaml", text);
        world.github.faults.push(...faults);
        const ran = await world.run(inputs, { event });
        expect(ran.code, ran.log).toBe(code);
        expect(ran.outputs).toMatchObject({ "exit-code": ownCode, creates: "1", "comment-url": "" });
        const [said = "", ...more] = ran.log
          .split("\n")
          .filter((line) => line.includes("title=dbt-ip-rules::"));
        expect(more).toEqual([]);
        expect(said).toContain(says);
        expect(said).toContain(`exit code ${ownCode}`);
        expect(said).toContain("again");
      }
    },
  );
});

describe("client-ip", () => {
  it("refuses a plan that would lock the job out, whatever the policy's own guards say", async () => {
    const ran = await world.run({ "client-ip": "203.0.113.10, 203.0.113.70\n203.0.113.120" }, { event });
    expect(ran.outputs.verdict, ran.log).toBe("changes");
    world.write("policy.yaml", policy.replace("203.0.113.0/25, 198", "203.0.113.0/26, 198"));
    const unaware = await world.run({}, { event });
    expect(unaware.outputs.verdict, unaware.log).toBe("changes");
    for (const command of ["plan", "apply"]) {
      const locked = await world.run(
        { command, "client-ip": "203.0.113.10, 203.0.113.70", comment: "false" },
        { event },
      );
      expect(locked.outputs).toMatchObject({ "exit-code": "3", verdict: "refused" });
      expect(locked.log).toContain("203.0.113.70");
    }
    expect(world.emulator.requests.list().filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("holds a saved plan to it too", async () => {
    world.write("policy.yaml", policy.replace("203.0.113.0/25, 198", "203.0.113.0/26, 198"));
    await world.run({ "plan-file": "plan.json", comment: "false" });
    const ran = await world.run({
      command: "apply",
      "plan-file": "plan.json",
      "client-ip": "203.0.113.70",
      comment: "false",
    });
    expect(ran.outputs).toMatchObject({ "exit-code": "3", verdict: "refused" });
    expect(world.emulator.requests.list().filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("takes addresses and nothing else", async () => {
    const ran = await world.run({ "client-ip": "--allow-lockout" }, { event });
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(/^::error .*--client-ip/m);
  });
});

describe("validate", () => {
  it("needs no token, and puts problems at their lines", async () => {
    const fine = await world.run({ command: "validate", token: "", host: "" });
    expect(fine.outputs).toMatchObject({ verdict: "valid", "exit-code": "0" });
    world.write("policy.yaml", `${policy}tests:\n  - name: all\n    allowed: [192.0.2.1]\n`);
    const failing = await world.run({ command: "validate", token: "", host: "" });
    expect(failing.code).toBe(3);
    expect(failing.outputs.verdict).toBe("refused");
    expect(failing.summary).toContain("a policy test fails");
    expect(failing.log).toMatch(/^::error file=policy.yaml,line=/m);
  });

  it("says that there is no policy", async () => {
    const ran = await world.runSteps({ command: "validate", policy: "missing.yaml", token: "", host: "" });
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(/^::error title=policy-missing::/m);
    expect(world.emulator.requests.list()).toEqual([]);
  });
});

describe("inputs", () => {
  it.each([
    [{ command: "destroy" }, "command"],
    [{ comment: "yes" }, "comment"],
    [{ version: "latest" }, "version"],
    [{ command: "audit" }, "receipt"],
  ])("refuses %j", async (inputs, word) => {
    const ran = await world.run(inputs);
    expect(ran.code).toBe(1);
    expect(ran.outputs.verdict).toBe("error");
    expect(ran.log).toMatch(new RegExp(`^::error title=dbt-ip-rules::.*${word}`, "m"));
    expect(world.emulator.requests.list()).toEqual([]);
  });
});
