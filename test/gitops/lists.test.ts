/** The scheduled jobs that keep one pull request with what changed in published lists: their scripts, run. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { lists, startVendor, trusting, type Vendor } from "../lists/vendor.js";
import { newFolder, runScript } from "./runner.js";
import { readWorkflow } from "./workflow.js";

const github = readWorkflow("examples/github/lists.yml");
const gitlab = parse(readFileSync("examples/gitlab/lists.yml", "utf8")) as {
  lists: { script: string[]; variables: Record<string, string> };
};

let vendor: Vendor;
let work = "";
let bin = "";
let origin = "";
let env: Record<string, string> = {};

const script = async (text: string): Promise<string> => {
  const ran = await runScript(`set -e -o pipefail\n${text}`, { cwd: work, env });
  expect(ran.code, ran.log).toBe(0);
  return ran.log;
};

/** A command of this machine's path, for these jobs alone. */
const command = (name: string, text: string): void => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
};

/** `gh` as far as the job uses it: one pull request, kept in a file. */
const gh = `state="$GH_STATE"
echo "$*" >> "$state/calls"
case "$1 $2" in
  "pr list") if [ -f "$state/open" ]; then echo 7; fi ;;
  "pr create") touch "$state/open"; while [ $# -gt 0 ]; do if [ "$1" = --body-file ]; then cp "$2" "$state/body"; fi; shift; done ;;
  "pr edit") while [ $# -gt 0 ]; do if [ "$1" = --body-file ]; then cp "$2" "$state/body"; fi; shift; done ;;
  *) exit 1 ;;
esac`;

beforeEach(async () => {
  vendor = await startVendor(lists({ "/vpn.txt": "203.0.113.0/24\n" }));
  [work, bin, origin] = [newFolder("work"), newFolder("bin"), newFolder("origin")];
  const state = newFolder("gh");
  const temp = join(newFolder("temp"), "t");
  mkdirSync(temp);
  env = {
    ...(await trusting(join(bin, "ca.pem"))),
    PATH: `${bin}:${process.env["PATH"]}`,
    GH_STATE: state,
    RUNNER_TEMP: temp,
    GITHUB_OUTPUT: join(temp, "output"),
    GITHUB_REF_NAME: "main",
    POLICY: "policy.yaml",
    LOCK: "policy.lock.json",
    BRANCH: "dbt-ip-rules/lists",
  };
  command("dbt-ip-rules", `exec "${process.execPath}" "${resolve("dist/cli/main.js")}" "$@"`);
  command("gh", gh);
  writeFileSync(
    join(work, "policy.yaml"),
    `version: 1\nnetworks:\n  vpn: {source: "${vendor.url}/vpn.txt"}\nrules:\n  - {name: VPN, type: allow, cidrs: [network: vpn]}\n`,
  );
  await script(`git init -q --bare "${origin}" && git -C "${origin}" config receive.advertisePushOptions true
git init -q -b main . && git config user.email a@b.c && git config user.name n
dbt-ip-rules lists update && git add -A && git commit -qm one && git remote add origin "${origin}" && git push -q origin main`);
});
afterEach(() => vendor.close());

const lockOn = async (branch: string): Promise<string> =>
  (await script(`git --git-dir "${origin}" show "${branch}:policy.lock.json"`)).trim();
const branches = async (): Promise<string> =>
  (await script(`git --git-dir "${origin}" for-each-ref --format='%(refname:short)'`)).trim();
const calls = (): string =>
  existsSync(join(env["GH_STATE"]!, "calls")) ? readFileSync(join(env["GH_STATE"]!, "calls"), "utf8") : "";

describe("GitHub", () => {
  const [, build, fetch, propose] = github.jobs["update"]?.steps ?? [];
  const run = async (): Promise<string> => {
    writeFileSync(env["GITHUB_OUTPUT"]!, "");
    await script("git checkout -q main");
    await script(fetch?.run ?? "");
    await script(propose?.run ?? "");
    return readFileSync(env["GITHUB_OUTPUT"]!, "utf8");
  };

  it("opens one pull request, and updates the one that is open; removals come through too", async () => {
    expect(await run()).toBe("");
    expect([await branches(), calls()]).toEqual(["main", ""]);

    vendor.serve(lists({ "/vpn.txt": "203.0.113.0/24\n198.51.100.0/24\n" }));
    expect(await run()).toBe("pull-request=7\n");
    expect(await lockOn("dbt-ip-rules/lists")).toContain("198.51.100.0/24");
    expect(await lockOn("main")).not.toContain("198.51.100.0/24");
    expect(readFileSync(join(env["GH_STATE"]!, "body"), "utf8")).toContain("+ 198.51.100.0/24");

    vendor.serve(lists({ "/vpn.txt": "192.0.2.0/28\n" }));
    expect(await run()).toBe("pull-request=7\n");
    expect(calls().match(/pr create/g)).toHaveLength(1);
    expect(readFileSync(join(env["GH_STATE"]!, "body"), "utf8")).toContain("- 203.0.113.0/24");
    expect(await branches()).toBe("dbt-ip-rules/lists\nmain");
  });

  it("has no dbt token where it fetches, and merges nothing", () => {
    expect(JSON.stringify(github.jobs["update"])).not.toMatch(/DBT_(PLAN|APPLY|CLOUD)?_?TOKEN|secrets\./);
    expect(readFileSync("examples/github/lists.yml", "utf8")).not.toMatch(
      /pr merge|auto-merge|DBT_APPLY_TOKEN/,
    );
    expect(github.jobs["update"]?.if).toContain("default_branch");
    expect(github.jobs["plan"]?.permissions).toEqual({ contents: "read", "pull-requests": "write" });
    expect(build?.run).toContain("env -i");
  });

  it("fails, and proposes nothing, where a list cannot be used", async () => {
    vendor.serve(lists({}));
    const ran = await runScript(`set -e -o pipefail\n${fetch?.run}`, { cwd: work, env });
    expect([ran.code, ran.log]).toEqual([1, expect.stringContaining("status 404")]);
    expect((await script("git status --porcelain")).trim()).toBe("");
  });
});

describe("GitLab", () => {
  it("is a pipeline by the published schema", () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(readFileSync("test/fixtures/schemas/gitlab-ci.json", "utf8")));
    expect(validate(gitlab) ? [] : validate.errors).toEqual([]);
  });

  it("pushes one branch, with the options that open a merge request", async () => {
    const run = () => {
      const { script: lines, variables } = gitlab.lists;
      Object.assign(env, variables, {
        CI_DEFAULT_BRANCH: "main",
        CI_PROJECT_URL: origin.replace(/\.git$/, ""),
        LISTS_TOKEN: "t",
      });
      return script(`git checkout -q main\n${lines.join("\n")}`);
    };
    await script(`ln -s "${origin}" "${origin}.git"
printf '#!/bin/sh\\nenv | grep GIT_PUSH_OPTION > "${bin}/options"\\ncat >/dev/null\\n' > "${origin}/hooks/pre-receive" && chmod +x "${origin}/hooks/pre-receive"`);
    expect(await run()).toContain("The lists have not changed.");
    vendor.serve(lists({ "/vpn.txt": "192.0.2.0/28\n" }));
    await run();
    expect(await lockOn("dbt-ip-rules/lists")).toContain("192.0.2.0/28");
    const options = readFileSync(join(bin, "options"), "utf8");
    expect(options).toContain("merge_request.create");
    expect(options).toContain("merge_request.target=main");
  });
});
