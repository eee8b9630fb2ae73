/**
 * The three published scripts, unchanged but for their base URL, against the listening emulator: with Python
 * where it is there, and re-enacted in Node always.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";
import { base, options, tokens } from "./emulated.js";

const exec = promisify(execFile);
const hasPython = await exec("python3", ["-c", "import requests"]).then(
  () => true,
  () => false,
);

let folder = "";
let emulator: RunningEmulator;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "emulator-seeds-"));
  emulator = await startEmulator(
    options({ seed: { events: [{ type: "job_definition.changed", count: 164 }] } }),
  );
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ids as published; times as `T`. */
const cidr = (id: number, text: string) =>
  `{'id': ${id}, 'state': 1, 'ip_restriction_rule_id': 739, 'enabled': True, 'cidr': '${text}', 'cidr_ipv6': '::ffff:${text}/128', 'created_at': 'T', 'updated_at': 'T'}`;

const printedRule = (cidrs: readonly string[]) =>
  `{'status': {'code': 200, 'is_success': True, 'user_message': 'Success!', 'developer_message': ''}, 'data': {'id': 739, 'name': 'Anywhere', 'type': 1, 'state': 1, 'ip_restriction_rule_set_id': 10, 'rule_set_enabled': False, 'account_id': 66847, 'cidrs': [${cidrs.join(", ")}], 'created_by_id': None, 'created_by_service_token_id': 68602, 'enabled_for_service_tokens': True, 'description': 'Allow access from anywhere.', 'created_at': 'T', 'updated_at': 'T'}, 'extra': {'failed_cidrs': [], 'cidrs_already_exists': []}, 'error_code': None}\n`;

const runScript = async (name: string): Promise<string> => {
  const published = readFileSync(`test/fixtures/seeds/${name}`, "utf8");
  const script = published.replace("https://cloud.getdbt.com", emulator.url);
  expect(script).not.toBe(published);
  writeFileSync(join(folder, name), script);
  const env = { ...process.env, DBT_CLOUD_API_TOKEN: tokens.admin, NO_PROXY: "127.0.0.1" };
  const { stdout } = await exec("python3", [name], { cwd: folder, env });
  return stdout.replaceAll(/'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00'/g, "'T'");
};

it.runIf(hasPython)("runs the published Python scripts with the published answers", async () => {
  emulator.reset();
  expect(await runScript("create_ip_restriction_rule.py")).toBe(printedRule([cidr(4522, "0.0.0.0")]));
  // The published answer to the update shows another description than its script sends.
  expect(await runScript("update_ip_restriction_rule.py")).toBe(
    printedRule([cidr(4522, "0.0.0.0"), cidr(4523, "52.45.144.63"), cidr(4524, "54.81.134.249")]),
  );
  emulator.reset();
  expect(await runScript("retrieve_audit_log_records.py")).toBe(
    "Retrieved 100 records of total 164.\n" +
      "Fetching again with offset 100.\n" +
      "Retrieved a total of 164 records.\n" +
      "Audit log records written to file data.csv.\n",
  );
  const lines = readFileSync(join(folder, "data.csv"), "utf8").trimEnd().split("\r\n");
  expect(lines).toHaveLength(165);
  expect(lines[0]).toBe("id,account_id,source,service,actor,event_type,event_label,event_context,created_at");
});

interface Enveloped {
  readonly data: { readonly id: number; readonly cidrs: readonly { readonly cidr: string }[] };
}

interface Listed {
  readonly data: readonly { readonly id: string }[];
  readonly extra: { readonly pagination: { readonly count: number; readonly total_count: number } };
}

/** An answer is trusted to have the shape that the assertions then check. */
const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const answer = await fetch(`${emulator.url}${base}${path}`, {
    method,
    headers: { "Content-Type": "application/json", Authorization: `Token ${tokens.admin}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as T;
};

const payload = (cidrs: readonly string[]) => ({
  state: 1,
  description: "Allow access from anywhere.",
  name: "Anywhere",
  type: 1,
  cidrs: cidrs.map((text) => ({ cidr: text, state: 1, enabled: true })),
  account_id: 66847,
});

it("answers the same calls from Node", async () => {
  emulator.reset();
  const created = await ask<Enveloped>("POST", "/ip-restrictions/", payload(["0.0.0.0"]));
  expect(created).toMatchObject({ data: { id: 739, cidrs: [{ id: 4522 }] }, error_code: null });
  const updated = await ask<Enveloped>(
    "PUT",
    "/ip-restrictions/739",
    payload(["52.45.144.63", "54.81.134.249"]),
  );
  expect(updated.data.cidrs.map((entry) => entry.cidr)).toEqual(["0.0.0.0", "52.45.144.63", "54.81.134.249"]);
  emulator.reset();
  const first = await ask<Listed>("GET", "/audit-logs");
  expect(first.extra.pagination).toEqual({ count: 100, total_count: 164 });
  const second = await ask<Listed>("GET", `/audit-logs?offset=${first.data.length}`);
  expect(new Set([...first.data, ...second.data].map(({ id }) => id)).size).toBe(164);
  const filtered = await ask<Listed>(
    "GET",
    "/audit-logs?routing_key__in=['v1.events.job_definition.changed']&offset=100",
  );
  expect(filtered.extra.pagination).toEqual({ count: 64, total_count: 164 });
});
