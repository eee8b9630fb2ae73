/** A change for `apply --confirm`: three calls, which are undone by three; and what is on the account at any time. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunningEmulator } from "../../src/emulator/listener.js";
import type { Seed } from "../../src/emulator/seed.js";
import { newAccount, newFolder } from "./world.js";

export const callerAddress = "198.51.100.9";

export const seed: Seed = {
  enabled: true,
  rules: [
    { name: "Office", type: "allow", cidrs: ["198.51.100.0/24", "192.0.2.0/24"] },
    { name: "Old", type: "deny", cidrs: ["203.0.113.64/26"] },
  ],
};

export const policy = `version: 1
account: { id: 7 }
enforcement: enabled
removed_rules: [Old]
rules:
  - { name: Office, type: allow, cidrs: [198.51.100.0/24] }
  - { name: New, type: allow, cidrs: [10.1.0.0/24] }
`;

export interface ChangeToConfirm {
  readonly emulator: RunningEmulator;
  /** With policy.yaml. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Enforcement, and each rule's name with its prefixes. */
  readonly state: () => unknown;
  /** Calls so far that were to change something. */
  readonly writes: () => number;
}

export const changeToConfirm = async (start: Seed = seed, text = policy): Promise<ChangeToConfirm> => {
  const emulator = await newAccount(7, start, { clientIp: callerAddress });
  const cwd = await newFolder();
  await writeFile(join(cwd, "policy.yaml"), text);
  const state = () => {
    const { ruleSet, rules } = emulator.state();
    const named = rules.flatMap(({ name, state, cidrs }) =>
      state === 1 ? [[name, ...cidrs.flatMap((one) => (one.state === 1 ? [one.cidr] : [])).sort()]] : [],
    );
    return { enabled: ruleSet.enabled, rules: named.sort() };
  };
  const writes = () => emulator.requests.list().filter(({ method }) => method !== "GET").length;
  return { emulator, cwd, env: { DBT_CLOUD_HOST_URL: emulator.url }, state, writes };
};
