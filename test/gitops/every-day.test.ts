/**
 * A repository's first days, by the README: rules that somebody made by hand are imported; then one is deleted, one
 * renamed, an entry disabled and enabled again, a list updated. Each is a branch, a pull request with its comment, a
 * merge, and an apply that the audit log confirms; by the workflows that `init` writes. They are run as test/gitops reads
 * workflows, and by `act` (github.com/nektos/act), a runner of others, where that is on the path.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { dbtIpRules } from "../e2e/cli.js";
import { lists, startVendor, trusting, type Vendor } from "../lists/vendor.js";
import { changeFor } from "../readme.js";
import { githubToken, repository } from "./github-stand-in.js";
import { builtAction, newFolder } from "./runner.js";
import { readWorkflow, runJob } from "./workflow.js";
import { accountId, dbtToken, startWorld, type World } from "./world.js";

const runnerIp = "203.0.113.10";
const madeByHand = {
  enabled: true,
  rules: [
    { name: "Corporate VPN", type: "allow", description: "Staff", cidrs: ["203.0.113.0/25", "192.0.2.44"] },
    { name: "Old partner", type: "allow", cidrs: ["192.0.2.192/28"] },
    { name: "Webhooks", type: "allow", cidrs: ["198.51.100.128/27", "198.51.100.192/28"] },
    { name: "Guest net", type: "deny", cidrs: ["203.0.113.96/28"] },
  ],
} as const;

interface Trigger {
  readonly event: "pull_request" | "push" | "schedule";
  readonly commit: string;
  readonly payload: object;
}
type RunWorkflow = (world: World, file: string, trigger: Trigger) => Promise<void>;

/** The settings that the README names. */
const settings = (world: World) => ({
  vars: { DBT_HOST: world.emulator.url, DBT_RUNNER_IP: runnerIp },
  secrets: { DBT_PLAN_TOKEN: dbtToken, DBT_APPLY_TOKEN: dbtToken },
});

const byOwnRunner: RunWorkflow = async (world, file, { commit, payload }) => {
  const { vars, secrets } = settings(world);
  const values = Object.fromEntries([
    ...Object.entries(vars).map(([name, value]) => [`vars.${name}`, value]),
    ...Object.entries(secrets).map(([name, value]) => [`secrets.${name}`, value]),
  ]);
  let verdict: string | undefined;
  for (const job of Object.values(readWorkflow(join(world.workspace, file)).jobs)) {
    const [, wanted] = /^needs\.plan\.outputs\.verdict == '([a-z-]+)'$/.exec(job.if ?? "") ?? [];
    if (wanted !== verdict && wanted !== undefined) continue;
    const ran = await runJob(job, values, (inputs) =>
      world.run(inputs, { event: payload, env: { GITHUB_SHA: commit } }),
    );
    expect(ran.code, ran.log).toBe(0);
    verdict = ran.outputs.verdict;
  }
};

const onPath = (name: string): boolean => spawnSync(name, ["--version"]).status === 0;

/** Actions of GitHub that need GitHub itself: here they pass files through a folder. */
const artifactActions = (store: string): Readonly<Record<string, string>> => {
  const folderOf = (name: string, script: string): string => {
    const folder = newFolder(name);
    const inputs = ["name", "path", "pattern", "retention-days", "if-no-files-found", "archive", "overwrite"];
    writeFileSync(
      join(folder, "action.yml"),
      `name: ${name}
inputs: {${inputs.map((input) => `${input}: {}`).join(", ")}}
runs:
  using: composite
  steps:
    - shell: bash
      env: { FILES: "\${{ inputs.path }}", NAME: "\${{ inputs.name }}" }
      run: mkdir -p "${store}/$NAME" && ${script}
`,
    );
    return folder;
  };
  return {
    "actions/upload-artifact": folderOf("upload", `cp $FILES "${store}/$NAME/"`),
    "actions/download-artifact": folderOf("download", `cp "${store}/$NAME/"* .`),
  };
};

/** Without containers, in this machine's own shell; it takes the folder as it is for what `checkout` would fetch. */
const byAct = (): RunWorkflow => {
  const home = newFolder("act");
  const stand = artifactActions(newFolder("store"));
  return async (world, file, { event, commit, payload }) => {
    const eventFile = join(newFolder("event"), "event.json");
    writeFileSync(eventFile, JSON.stringify(payload));
    const texts = [join(builtAction(), "action.yml"), join(world.workspace, file)].map((path) =>
      readFileSync(path, "utf8"),
    );
    const used = texts.flatMap((text) => text.match(/(?<=uses: )\S+@\S+/g) ?? []);
    const local = [...new Set(used)].flatMap((pin) => {
      const [name = ""] = pin.split("@");
      const folder = name.endsWith("/dbt-ip-rules") ? builtAction() : stand[name];
      return folder === undefined ? [] : ["--local-repository", `${pin}=${folder}`];
    });
    const { vars, secrets } = settings(world);
    const env = {
      GITHUB_API_URL: world.github.url,
      GITHUB_GRAPHQL_URL: `${world.github.url}/graphql`,
      GITHUB_REPOSITORY: repository,
      GITHUB_SHA: commit,
      XDG_STATE_HOME: join(home, "state"),
    };
    const pairs = (option: string, of: Readonly<Record<string, string>>): string[] =>
      Object.entries(of).flatMap(([name, value]) => [option, `${name}=${value}`]);
    const child = spawn(
      "act",
      [event, "--workflows", file, "--eventpath", eventFile, "--platform", "ubuntu-latest=-self-hosted"]
        .concat(["--no-cache-server", "--action-offline-mode", "--concurrent-jobs", "1", ...local])
        .concat(pairs("--var", vars), pairs("--secret", { ...secrets, GITHUB_TOKEN: githubToken }))
        .concat(pairs("--env", env)),
      {
        cwd: world.workspace,
        env: { PATH: process.env["PATH"], HOME: home, XDG_CACHE_HOME: join(home, "cache") },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let log = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
    const code = await new Promise((settle) => child.on("close", settle));
    expect(code, log).toBe(0);
    expect(log).toContain("Job succeeded");
  };
};

let world: World;
let vendor: Vendor;
afterEach(async () => {
  await world.close();
  await vendor.close();
});

const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=somebody", "-c", "user.email=a@example.com", ...args], {
    cwd: world.workspace,
    encoding: "utf8",
  }).trim();

const edit = (change: (text: string) => string): void => {
  const file = join(world.workspace, "policy.yaml");
  const before = readFileSync(file, "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
};

/** What a reviewer sees without opening a fold. */
const unfolded = (comment: string | undefined): string =>
  (comment ?? "").replace(/<details>[\s\S]*?<\/details>/g, "");

const workflow = (name: string): string => `.github/workflows/ip-restrictions-${name}.yml`;

it.each([
  ["as test/gitops reads workflows", () => byOwnRunner],
  ...(onPath("act") ? ([["by act", byAct]] as const) : []),
] as const)("deletes, renames, disables and updates a list by pull requests alone, %s", async (_, way) => {
  const runWorkflow = way();
  world = await startWorld({ seed: madeByHand });
  vendor = await startVendor(lists({ "/meta": '["198.51.100.128/27","198.51.100.192/28"]' }));
  const env = {
    DBT_CLOUD_TOKEN: dbtToken,
    ...(await trusting(join(newFolder("ca"), "ca.pem"))),
    XDG_STATE_HOME: newFolder("state"),
  };
  const type = async (line: string): Promise<string> => {
    const ran = await dbtIpRules(line.split(" "), { cwd: world.workspace, env });
    expect(ran.code, `${line}: ${ran.stderr}`).toBe(0);
    return ran.stdout;
  };
  const rules = () => world.emulator.state().rules.filter(({ state }) => state === 1);
  const prefixes = (enabled: boolean): readonly string[] =>
    rules()
      .flatMap(({ cidrs }) => cidrs.filter((one) => one.state === 1 && one.enabled === enabled))
      .map(({ cidr }) => cidr);

  // "Your own account", and "In a pull request".
  git("init", "-q", "-b", "main");
  rmSync(join(world.workspace, "policy.yaml"));
  await type(`import --host ${world.emulator.url} --account ${accountId} --output policy.yaml`);
  await type("init --ci github");
  edit((text) => text.replace(/^# (guards:)\n# ( +must_allow: .*)$/m, "$1\n$2"));
  for (const name of readdirSync(join(world.workspace, ".github/workflows")))
    writeFileSync(
      join(world.workspace, ".github/workflows", name),
      readFileSync(join(world.workspace, ".github/workflows", name), "utf8").replaceAll("OWNER", "acme"),
    );
  // What a runner leaves in a fresh checkout, and not in this one.
  appendFileSync(join(world.workspace, ".git/info/exclude"), "plan.json*\nreceipt.jsonl\nstate\n");
  git("add", "--all");
  git("commit", "-qm", "The account as it is");

  let number = 0;
  const pullRequest = async (title: string): Promise<{ plan: string; applied: string | undefined }> => {
    number += 1;
    const base = git("rev-parse", "main");
    git("checkout", "-q", "-B", "change");
    if (git("status", "--porcelain", "--untracked-files=no") !== "") git("commit", "-qam", title);
    const commit = git("rev-parse", "HEAD");
    world.github.contents.set(`policy.yaml@${base}`, git("show", "main:policy.yaml"));
    await runWorkflow(world, workflow("pull-request"), {
      event: "pull_request",
      commit,
      payload: {
        pull_request: {
          number,
          head: { sha: commit, ref: "change", repo: { full_name: repository } },
          base: { sha: base, ref: "main" },
        },
      },
    });
    git("checkout", "-q", "main");
    git("merge", "-q", "--no-ff", "-m", `Merge: ${title}`, "change");
    const merged = git("rev-parse", "HEAD");
    world.github.pulls.set(merged, [{ number, merged_at: "2026-11-29T10:00:00Z", merge_commit_sha: merged }]);
    await runWorkflow(world, workflow("apply"), { event: "push", commit: merged, payload: {} });
    const [plan, applied] = world.github.comments.get(number) ?? [];
    return { plan: unfolded(plan?.body), applied: applied?.body };
  };
  const confirmed = /confirmed by the audit log/;

  edit((text) =>
    text
      .replace(/\n {2}# rule .*\n {2}- name: Old partner\n(?: {4}.*\n)*/, "")
      .replace("\nrules:\n", `\n${changeFor("delete a rule")}\nrules:\n`),
  );
  const deleted = await pullRequest("Delete the old partner");
  expect(deleted.plan).toContain('Deleted: 1 rule**\n\n```diff\n- rule "Old partner"');
  expect(deleted.plan).toContain("16 IPv4 addresses lose access: 192.0.2.192/28");
  expect(deleted.applied).toMatch(confirmed);
  expect(prefixes(true)).not.toContain("192.0.2.192/28");

  const wasGuestNet = changeFor("rename a rule").replace("Old name", "Guest net");
  edit((text) => text.replace("- name: Guest net\n", `- name: Guest network\n    ${wasGuestNet}\n`));
  const renamed = await pullRequest("Rename the guests' network");
  expect(renamed.plan).toContain("access does not change");
  expect(renamed.plan).toContain('! rule "Guest network" (deny), was "Guest net"');
  expect(renamed.applied).toMatch(confirmed);
  expect(rules().map(({ name }) => name)).toEqual(["Corporate VPN", "Webhooks", "Guest network"]);

  edit((text) => text.replace("- 192.0.2.44\n", `- ${changeFor("switch an entry off")}\n`));
  const disabled = await pullRequest("Disable 192.0.2.44 for a week");
  expect(disabled.plan).toContain("1 IPv4 address loses access: 192.0.2.44/32");
  expect(disabled.plan).toContain("192.0.2.44/32  enabled: true -> false");
  expect(disabled.applied).toMatch(confirmed);
  expect(prefixes(false)).toEqual(["192.0.2.44"]);

  git("checkout", "-q", "-B", "change");
  git("revert", "--no-edit", "-m", "1", "HEAD");
  const enabled = await pullRequest("Revert: Disable 192.0.2.44 for a week");
  expect(enabled.plan).toContain("1 IPv4 address gains access: 192.0.2.44/32");
  expect(enabled.applied).toMatch(confirmed);
  expect(prefixes(false)).toEqual([]);

  const source = changeFor("use a list").replace("github", `${vendor.url}/meta`);
  edit((text) =>
    text
      .replace(/ {6}- 198\.51\.100\.128\/27\n {6}- 198\.51\.100\.192\/28\n/, "      - network: hooks\n")
      .replace("\nrules:\n", `\nnetworks:\n  hooks:\n    ${source}\n    select: $[*]\n\nrules:\n`),
  );
  await type("lists update");
  git("add", "policy.lock.json");
  const named = await pullRequest("Take the vendor's list");
  expect(named.plan).toContain("no changes");
  expect(named.applied).toBeUndefined();

  vendor.serve(lists({ "/meta": '["198.51.100.128/27","192.0.2.64/26"]' }));
  await type("lists update");
  const updated = await pullRequest("Update published lists");
  expect(updated.plan).toContain("16 IPv4 addresses lose access: 198.51.100.192/28");
  expect(updated.plan).toContain("64 IPv4 addresses gain access: 192.0.2.64/26");
  expect(updated.plan).toMatch(/^\+ +192\.0\.2\.64\/26 {2}hooks, fetched \d{4}-/m);
  expect(updated.applied).toMatch(confirmed);
  expect(prefixes(true)).toContain("192.0.2.64/26");
  expect(prefixes(true)).not.toContain("198.51.100.192/28");

  await runWorkflow(world, workflow("drift"), {
    event: "schedule",
    commit: git("rev-parse", "HEAD"),
    payload: {},
  });
  expect(world.github.issues).toEqual([]);
  expect(await type("drift --host ".concat(world.emulator.url))).toContain("No drift.");
});
