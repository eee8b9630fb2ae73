/** `command: apply` and `command: audit`: the saved plan or a new one, the receipt, and the proof in the log. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { githubToken, repository } from "./github-stand-in.js";
import { dbtToken, headCommit, policy, pullRequest, startWorld, type World } from "./world.js";

let world: World;
afterEach(() => world.close());

const merged = { number: 12, merged_at: "2026-11-20T10:00:00Z", merge_commit_sha: headCommit };
const writesOf = () => world.emulator.requests.list().filter(({ method }) => method !== "GET");

describe("apply", () => {
  it("applies the plan that was saved, proves it, and tells the merged pull request", async () => {
    world = await startWorld();
    world.github.pulls.set(headCommit, [{ ...merged, number: 11, merged_at: null }, merged]);
    const planned = await world.runSteps({ "plan-file": "plan.json", comment: "false" });
    expect(planned.outputs["plan-file"]).toBe(join(world.workspace, "plan.json"));
    expect(writesOf()).toEqual([]);

    const ran = await world.runSteps({
      command: "apply",
      "plan-file": "plan.json",
      receipt: "out/receipt.jsonl",
    });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs).toMatchObject({
      "exit-code": "0",
      verdict: "done",
      creates: "1",
      updates: "1",
      deletes: "0",
      direction: "broadens",
      "audit-verdict": "confirmed",
      receipt: join(world.workspace, "out/receipt.jsonl"),
    });
    expect(writesOf().map(({ method }) => method)).toEqual(["PUT", "POST"]);
    const receipt = readFileSync(ran.outputs.receipt ?? "", "utf8");
    expect(receipt).toContain("Partner");
    const [comment, ...others] = world.github.comments.get(12) ?? [];
    expect(others).toEqual([]);
    expect(comment?.body).toMatch(/^<!-- dbt-ip-rules:apply:/);
    expect(comment?.body).toContain("confirmed by the audit log");
    for (const part of ["access broadens", "applied", "confirmed by the audit log"])
      expect(ran.summary).toContain(`### dbt IP restrictions: ${part}`);
    for (const secret of [dbtToken, githubToken])
      for (const text of [ran.log, ran.summary, receipt]) expect(text).not.toContain(secret);

    const again = await world.run({ command: "apply" });
    expect(again.outputs).toMatchObject({ verdict: "nothing", receipt: "", "audit-verdict": "" });
    expect(again.code).toBe(0);
    expect(writesOf()).toHaveLength(2);

    const audited = await world.runSteps({ command: "audit", receipt: "out/receipt.jsonl" });
    expect(audited.outputs).toMatchObject({ "exit-code": "0", verdict: "confirmed" });
    const drift = await world.run({ command: "drift", receipt: "out/receipt.jsonl" });
    expect(drift.outputs).toMatchObject({ "exit-code": "0", verdict: "no-drift", direction: "none" });
  });

  describe("a saved plan is for the commit that it was made from", () => {
    const otherCommit = "f".repeat(40);
    const apply = (env: Record<string, string> = {}) =>
      world.run({ command: "apply", "plan-file": "plan.json", comment: "false" }, { env });
    const refusal = async (says: RegExp, env?: Record<string, string>) => {
      const ran = await apply(env);
      expect(ran.code, ran.log).toBe(3);
      expect(ran.outputs).toMatchObject({ "exit-code": "3", verdict: "refused" });
      expect(ran.log).toMatch(/^::error title=dbt-ip-rules::Nothing was applied/m);
      expect(ran.log).toMatch(says);
      expect(writesOf()).toEqual([]);
    };

    it("and refused in a run of another", async () => {
      world = await startWorld();
      await world.run({ "plan-file": "plan.json", comment: "false" }, { event: pullRequest() });
      const commitFile = readFileSync(join(world.workspace, "plan.json.commit.json"), "utf8");
      expect(JSON.parse(commitFile)).toMatchObject({ commit: headCommit });
      await refusal(new RegExp(`made from commit ${headCommit}.* commit ${otherCommit}`), {
        GITHUB_SHA: otherCommit,
      });
      await refusal(/GITHUB_SHA is not set/, { GITHUB_SHA: "" });
      expect((await apply()).outputs.verdict).toBe("done");
    });

    it("and refused where nothing says which, or where that is about another plan", async () => {
      world = await startWorld();
      await world.run({ "plan-file": "plan.json", comment: "false" });
      const commitFile = readFileSync(join(world.workspace, "plan.json.commit.json"), "utf8");
      for (const text of ["", "{}", '{"format":"dbt-ip-rules/plan-commit","version":2}']) {
        world.write("plan.json.commit.json", text);
        await refusal(/plan\.json\.commit\.json cannot be read/);
      }
      world.write("policy.yaml", policy.replace("192.0.2.64/28", "192.0.2.128/28"));
      await world.run({ "plan-file": "plan.json", comment: "false" });
      world.write("plan.json.commit.json", commitFile);
      await refusal(/is about another plan/);
    });
  });

  it("plans now where no plan was saved", async () => {
    world = await startWorld();
    const ran = await world.run({ command: "apply", comment: "false", args: "--client-ip=203.0.113.10" });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs).toMatchObject({ verdict: "done", creates: "1", "audit-verdict": "confirmed" });
    expect(existsSync(ran.outputs["plan-file"] ?? "")).toBe(true);
    expect(world.github.requests).toEqual([]);
  });

  it("refuses a plan that the account has left behind", async () => {
    world = await startWorld();
    await world.run({ "plan-file": "plan.json" });
    world.write("policy.yaml", policy.replace("192.0.2.64/28", "192.0.2.128/28"));
    await world.run({ command: "apply", comment: "false" });
    const before = writesOf().length;
    const ran = await world.run({ command: "apply", "plan-file": "plan.json", comment: "false" });
    expect(ran.code).toBe(3);
    expect(ran.outputs).toMatchObject({ "exit-code": "3", verdict: "refused" });
    expect(writesOf()).toHaveLength(before);
  });

  it("sends nothing where a guard refuses the new plan, and says which", async () => {
    world = await startWorld();
    world.write("policy.yaml", policy.replace("guards:\n", "guards:\n  must_deny: [192.0.2.70]\n"));
    const ran = await world.run({ command: "apply", comment: "false" });
    expect(ran.code).toBe(3);
    expect(ran.outputs).toMatchObject({ "exit-code": "3", verdict: "refused" });
    expect(ran.log).toContain("must_deny");
    expect(writesOf()).toEqual([]);
  });

  it("ends with 3 where the audit log holds no record, and with 0 where nobody asks it", async () => {
    world = await startWorld({ auditLagMs: null });
    const ran = await world.run({ command: "apply", comment: "false", "audit-timeout": "0s" });
    expect(ran.code).toBe(3);
    expect(ran.outputs).toMatchObject({ verdict: "done", "exit-code": "3", "audit-verdict": "missing" });
    world.write("policy.yaml", policy.replace("192.0.2.64/28", "192.0.2.64/27"));
    const unasked = await world.run({ command: "apply", comment: "false", audit: "false" });
    expect(unasked.outputs).toMatchObject({ verdict: "done", "exit-code": "0", "audit-verdict": "" });
  });

  it("is not undone by a comment that cannot be written", async () => {
    world = await startWorld();
    world.github.faults.push({ method: "POST", path: /comments/, status: 403 });
    const ran = await world.run({ command: "apply" }, { event: pullRequest(repository) });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.log).toMatch(/^::warning title=dbt-ip-rules::.*pull-requests: write/m);
  });

  it("keeps the receipt of an apply that stopped midway", async () => {
    world = await startWorld({
      faults: [{ kind: "status", status: 422, method: "POST", path: "*/ip-restrictions/", times: 0 }],
    });
    const ran = await world.runSteps({ command: "apply", comment: "false" });
    expect(ran.code).toBe(4);
    expect(ran.outputs).toMatchObject({ "exit-code": "4", verdict: "midway", "audit-verdict": "" });
    expect(readFileSync(ran.outputs.receipt ?? "", "utf8")).toContain("Corporate VPN");
  });
});
