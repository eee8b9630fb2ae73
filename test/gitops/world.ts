/** A repository with a policy, an account served by the emulator, and the stand-in for GitHub: what a job meets. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";
import type { EmulatorOptions } from "../../src/emulator/settings.js";
import { type GithubStandIn, githubToken, repository, startGithub } from "./github-stand-in.js";
import { builtAction, newFolder, type Ran, runHere, runSteps } from "./runner.js";

export const accountId = 66847;
export const dbtToken = "dbtc_stand_in_token_0123456789";
export const headCommit = "0123456789abcdef0123456789abcdef01234567";

export const baseCommit = "89abcdef0123456789abcdef0123456789abcdef";

export const accountBefore = {
  enabled: true,
  rules: [
    { name: "Corporate VPN", type: "allow", description: "Staff", cidrs: ["203.0.113.0/25"] },
    { name: "Set by hand", type: "deny", cidrs: ["203.0.113.96/28"] },
  ],
} as const;

/** One rule to update, one to create; broadens. */
export const policy = `version: 1
account:
  id: ${accountId}
enforcement: enabled
rules:
  - name: Corporate VPN
    type: allow
    description: Staff
    cidrs: [203.0.113.0/25, 198.51.100.0/26]
  - name: Partner
    type: allow
    cidrs: [192.0.2.64/28]
guards:
  must_allow: [203.0.113.10]
lint:
  documentation-range: off
  overlapping-rules: off
`;

/** As the account is: nothing to do. */
export const policyAsIs = policy
  .replace(", 198.51.100.0/26", "")
  .replace(/ {2}- name: Partner[\s\S]*?\n(?=guards)/, "");

export const pullRequest = (from = repository) => ({
  pull_request: {
    number: 12,
    title: '$(touch pwned) `touch pwned` "; touch pwned #\n::error::forged',
    head: { sha: headCommit, repo: { full_name: from } },
    base: { sha: baseCommit },
  },
});

type RunJob = (
  inputs: Readonly<Record<string, string>>,
  options?: { readonly event?: unknown; readonly env?: Readonly<Record<string, string>> },
) => Promise<Ran>;

export interface World {
  readonly workspace: string;
  readonly emulator: RunningEmulator;
  readonly github: GithubStandIn;
  write(path: string, text: string): void;
  /** In this process. */
  readonly run: RunJob;
  /** By the scripts of action.yml and the built program, as GitHub's runner does. */
  readonly runSteps: RunJob;
  close(): Promise<void>;
}

export const startWorld = async (
  options: Partial<EmulatorOptions> & { readonly action?: string } = {},
): Promise<World> => {
  const { action, ...settings } = options;
  const workspace = newFolder("workspace");
  const emulator = await startEmulator({
    accountId,
    tokens: [{ token: dbtToken, kind: "service", role: "admin", name: "pipeline" }],
    clientIp: "203.0.113.10",
    seed: accountBefore,
    ...settings,
  });
  const github = await startGithub();
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), text);
  };
  write("policy.yaml", policy);
  const runBy =
    (way: typeof runSteps): RunJob =>
    (inputs, { event = {}, env = {} } = {}) =>
      way({
        action: action ?? (way === runSteps ? builtAction() : "none"),
        workspace,
        inputs: { host: emulator.url, token: dbtToken, ...inputs },
        githubToken,
        event,
        env: {
          GITHUB_API_URL: github.url,
          GITHUB_GRAPHQL_URL: `${github.url}/graphql`,
          GITHUB_REPOSITORY: repository,
          GITHUB_ACTOR: "octocat",
          GITHUB_SHA: headCommit,
          XDG_STATE_HOME: join(workspace, "state"),
          ...env,
        },
      });
  return {
    workspace,
    emulator,
    github,
    write,
    run: runBy(runHere),
    runSteps: runBy(runSteps),
    close: async () => {
      await emulator.close();
      await github.close();
    },
  };
};
