import { expect, it } from "vitest";
import { judge } from "../../src/doctor/judge.js";

const notAsked = { kind: "not-asked" } as const;

const hostText = (host: string): string | undefined =>
  judge({
    settings: { host, isTls: true, diagnostics: [] },
    accounts: notAsked,
    snapshot: notAsked,
    callerIsValid: notAsked,
    log: notAsked,
    ownAddress: undefined,
    clocks: undefined,
    ruleFacts: undefined,
    pageFacts: undefined,
  }).checks.find(({ id }) => id === "host")?.text;

it.each([
  ...["us1", "us2", "us3", "eu1", "eu2", "eu3", "eu4", "au1", "au2", "jp1"].map((region) => [
    `ab123.${region}.dbt.com`,
    `region ${region}`,
  ]),
  ["emea.dbt.com", "a region's shared host"],
  ["au.dbt.com", "a region's shared host"],
  ["acme.private.dbt.com", "private ingress"],
  ["cloud.getdbt.com", "an old shared host"],
  ["dbt.acme.example", "single-tenant, or not dbt's own"],
  ["ab123.us1.dbt.com.evil.example", "single-tenant, or not dbt's own"],
])("%s is %s", (host, region) => {
  expect(hostText(host)).toBe(`${host}, ${region}`);
});
