import { describe, expect, test } from "vitest";
import { type ConnectionSources, parseHost, resolveConnection } from "../../src/dbt/connection.js";
import { firstMessage } from "../said.js";

const env = {
  DBT_CLOUD_TOKEN: "dbtu_secret_value",
  DBT_CLOUD_ACCOUNT_ID: "66847",
  DBT_CLOUD_HOST_URL: "https://ab123.us1.dbt.com/api",
};
const resolve = (sources: Partial<ConnectionSources>) => resolveConnection({ flags: {}, env, ...sources });
const codes = (sources: Partial<ConnectionSources>) => resolve(sources).diagnostics.map(({ code }) => code);

describe("a host in any of its spellings", () => {
  test.each([
    ["ab123.us1.dbt.com", "https://ab123.us1.dbt.com"],
    ["AB123.us1.dbt.com/", "https://ab123.us1.dbt.com"],
    ["https://ab123.us1.dbt.com", "https://ab123.us1.dbt.com"],
    ["https://ab123.us1.dbt.com/api", "https://ab123.us1.dbt.com"],
    ["https://ab123.us1.dbt.com/api/", "https://ab123.us1.dbt.com"],
    ["https://ab123.us1.dbt.com/api/v3/", "https://ab123.us1.dbt.com"],
    ["ab123.us1.dbt.com/api", "https://ab123.us1.dbt.com"],
    ["ab123.us1.dbt.com:443", "https://ab123.us1.dbt.com"],
    ["ab123.us1.dbt.com:8443", "https://ab123.us1.dbt.com:8443"],
    ["http://127.0.0.1:4010", "http://127.0.0.1:4010"],
    ["http://localhost:4010/api", "http://localhost:4010"],
    ["http://[::1]:4010", "http://[::1]:4010"],
    ["127.0.0.1:4010", "http://127.0.0.1:4010"],
    ["127.0.0.1:80", "http://127.0.0.1"],
    ["127.0.0.1:443", "http://127.0.0.1:443"],
    ["https://127.0.0.1:4010", "https://127.0.0.1:4010"],
    ["https://ab123.us1.dbt.com/settings", "https://ab123.us1.dbt.com"],
    ["https://ab123.us1.dbt.com/deploy/5/projects/6?tab=runs#top", "https://ab123.us1.dbt.com"],
  ])("%s", (text, baseUrl) => {
    expect(parseHost(text, "--host")).toEqual({
      host: { baseUrl, host: baseUrl.replace(/^https?:\/\//, "") },
    });
  });

  test.each([
    ["", "host-invalid"],
    ["ab 123.dbt.com", "host-invalid"],
    ["https://", "host-invalid"],
    ["ftp://ab123.us1.dbt.com", "host-invalid"],
    ["https://ab123.us1.dbt.com/proxy/settings", "host-invalid"],
    ["https://ab123.us1.dbt.com/?a=b", "host-invalid"],
    ["https://me:hunter22@ab123.us1.dbt.com", "host-invalid"],
    ["https:\\\\ab123.us1.dbt.com", "host-invalid"],
    ["http://ab123.us1.dbt.com", "host-insecure"],
    ["http://127.0.0.1.example.com", "host-insecure"],
  ])("%j is refused", (text, code) => {
    const parsed = parseHost(text, "--host");
    expect("problem" in parsed && parsed.problem.code).toBe(code);
    expect(JSON.stringify(parsed)).not.toContain("hunter22");
  });
});

describe("where settings come from", () => {
  test("the environment alone", () => {
    expect(resolve({})).toMatchObject({
      connection: {
        baseUrl: "https://ab123.us1.dbt.com",
        host: "ab123.us1.dbt.com",
        accountId: 66847,
        token: "dbtu_secret_value",
      },
      diagnostics: [],
    });
  });

  test("flags win over the environment", () => {
    const { connection } = resolve({ flags: { host: "xy9.eu1.dbt.com", account: "5" } });
    expect(connection).toMatchObject({ host: "xy9.eu1.dbt.com", accountId: 5 });
  });

  test("the policy alone", () => {
    const policyAccount = { id: 7, host: "xy9.eu1.dbt.com" };
    const { connection } = resolve({ env: { DBT_CLOUD_API_TOKEN: "abcdef" }, policyAccount });
    expect(connection).toMatchObject({ host: "xy9.eu1.dbt.com", accountId: 7, token: "abcdef" });
  });

  test("a flag that agrees with the policy settles what the environment says otherwise", () => {
    expect(
      codes({
        flags: { account: "7", host: "xy9.eu1.dbt.com" },
        policyAccount: { id: 7, host: "xy9.eu1.dbt.com" },
      }),
    ).toEqual([]);
  });

  test("spellings of one host agree", () => {
    expect(codes({ policyAccount: { id: 66847, host: "ab123.us1.dbt.com" } })).toEqual([]);
  });

  test("both token variables with one value", () => {
    expect(codes({ env: { ...env, DBT_CLOUD_API_TOKEN: env.DBT_CLOUD_TOKEN } })).toEqual([]);
  });
});

const place = { file: "policy.yaml", line: 3, column: 9, endLine: 3, endColumn: 25, lineText: "" };
const { DBT_CLOUD_HOST_URL: _, ...shared } = env;

test.each<[string, Partial<ConnectionSources>, string[]]>([
  ["nothing at all", { env: {} }, ["token-missing", "host-missing", "account-missing"]],
  [
    "empty variables",
    { env: { DBT_CLOUD_TOKEN: "", DBT_CLOUD_ACCOUNT_ID: "", DBT_CLOUD_HOST_URL: "" } },
    ["token-missing", "host-missing", "account-missing"],
  ],
  ["two tokens", { env: { ...env, DBT_CLOUD_API_TOKEN: "another" } }, ["token-conflict"]],
  [
    "another account in the flag",
    { flags: { account: "1" }, policyAccount: { id: 2 } },
    ["account-mismatch"],
  ],
  ["another account in the environment", { policyAccount: { id: 2 } }, ["account-mismatch"]],
  [
    "another host in the flag",
    { flags: { host: "xy9.eu1.dbt.com" }, policyAccount: { host: "zz1.eu1.dbt.com" } },
    ["host-mismatch"],
  ],
  ["another host in the environment", { policyAccount: { host: "zz1.eu1.dbt.com" } }, ["host-mismatch"]],
  ["an account that is no number", { flags: { account: "abc" } }, ["account-invalid"]],
  ["account 0", { flags: { account: "0" } }, ["account-invalid"]],
  ["an empty flag", { flags: { account: "", host: "" } }, ["host-invalid", "account-invalid"]],
  ["a shared host", { flags: { host: "cloud.getdbt.com" } }, ["shared-host"]],
  [
    "a shared host of a policy that is not read whole",
    { env: shared, policyAccount: { host: "cloud.getdbt.com" } },
    ["shared-host"],
  ],
  [
    "a shared host of a policy that is, whose lint says it",
    { env: shared, policyAccount: { host: "cloud.getdbt.com", hostSource: place } },
    [],
  ],
  ["a host that only looks shared", { flags: { host: "getdbt.com.example.org" } }, []],
])("%s", (_, sources, expected) => {
  expect(codes(sources)).toEqual(expected);
});

test("a mismatch names both values and where the other comes from", () => {
  const { diagnostics } = resolve({ flags: { account: "1" }, policyAccount: { id: 2 } });
  expect(firstMessage(diagnostics)).toMatch(/account 2\b.*--account.*\b1\b/);
});

test("a shared host is a warning, and connects", () => {
  const { connection, diagnostics } = resolve({ flags: { host: "cloud.getdbt.com" } });
  expect(connection?.host).toBe("cloud.getdbt.com");
  expect(diagnostics[0]?.severity).toBe("warning");
});

test.each([
  "dbtu_one\ntwo_secret",
  "dbtu_secret value",
  " dbtu_secret",
  "dbtu_sécret",
  "dbtu_secret\u2013dash",
])("the token %j is refused and not shown", (value) => {
  const { connection, diagnostics } = resolve({ env: { ...env, DBT_CLOUD_TOKEN: value } });
  expect(connection).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toEqual(["token-malformed"]);
  expect(JSON.stringify(diagnostics)).not.toMatch(/secret|sécret/);
});

test("a token pasted into another setting is not repeated", () => {
  const { diagnostics } = resolve({
    flags: { account: "dbtu_secret_value", host: "https://ab123.us1.dbt.com/dbtu_secret_value" },
  });
  expect(diagnostics).toHaveLength(2);
  expect(JSON.stringify(diagnostics)).not.toContain("dbtu_secret");
});
