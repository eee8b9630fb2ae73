/** What `show --format json` prints of an account is a seed, and the emulated account is the same one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createReadOnlyClient } from "../../src/dbt/client.js";
import { startEmulator } from "../../src/emulator/listener.js";
import type { Seed } from "../../src/emulator/seed.js";
import { readSeedFile } from "../../src/emulator/seed-file.js";
import { Failure } from "../../src/model/failure.js";
import type { Snapshot } from "../../src/model/snapshot.js";
import { accountDocument } from "../../src/report/json/account.js";
import { accountId, options, tokens } from "./emulated.js";

const folder = mkdtempSync(join(tmpdir(), "emulator-account-seed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (text: string): string => {
  const file = join(folder, "account.json");
  writeFileSync(file, text);
  return file;
};

const accountOf = async (seed: Seed): Promise<Snapshot> => {
  const emulator = await startEmulator(options({ seed }));
  const client = createReadOnlyClient({ baseUrl: emulator.url, accountId, token: tokens.viewer });
  try {
    return await client.readSnapshot();
  } finally {
    await client.close();
    await emulator.close();
  }
};

/** All but where it is served from, when, and the ids of entries, which a seed does not keep. */
const meaning = ({ enforcement, enabledForServiceTokens, rules }: Snapshot) => ({
  enforcement,
  enabledForServiceTokens,
  rules: rules.map(({ id, name, type, description, entries, disabled = [] }) => ({
    ...{ id, name, type, description },
    entries: entries.map(({ text }) => text).toSorted(),
    disabled: disabled.map(({ text }) => text).toSorted(),
  })),
});

it.each<[string, Seed]>([
  ["an empty account", {}],
  [
    "rules of both types, typed anyhow, some switched off, names that are hostile",
    {
      enabled: true,
      enabled_for_service_tokens: false,
      rules: [
        {
          name: 'Office "\u202e\n::error::',
          type: "allow",
          id: 17,
          description: "Staff: yes # no",
          cidrs: ["203.0.113.9/24", "2001:DB8::/32", { cidr: "192.0.2.0/25", enabled: false }],
        },
        { name: "null", type: "deny", id: 900, cidrs: ["198.51.100.7"] },
        { name: "Empty", type: "allow", id: 44, cidrs: [] },
      ],
    },
  ],
  ["an account that enforces nothing", { rules: [{ name: "A", type: "allow", cidrs: ["192.0.2.1"] }] }],
])("%s comes back the same", async (_, seed) => {
  const before = await accountOf(seed);
  const after = await accountOf(readSeedFile(written(JSON.stringify(accountDocument(before)))));
  expect(meaning(after)).toEqual(meaning(before));
});

const document = { format: "dbt-ip-rules/account", version: 1, enforcement: "enabled", rules: [] };
it.each([
  ["of another version", { ...document, version: 2 }],
  ["without rules", { ...document, rules: undefined }],
  ["with a rule that is none", { ...document, rules: ["Office"] }],
  ["with an entry that is none", { ...document, rules: [{ name: "A", type: "allow", entries: [7] }] }],
  ["with an entry of no range", { ...document, rules: [{ name: "A", type: "allow", entries: [{}] }] }],
  ["of another kind", { ...document, format: "dbt-ip-rules/plan" }],
])("refuses a document %s", (_, value) => {
  const read = () => readSeedFile(written(JSON.stringify(value)));
  expect(read).toThrow(Failure);
  expect(read).toThrow(/cannot be used/);
});
