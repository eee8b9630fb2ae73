// The lists of service tokens and users, and actors with pools of addresses, as a client meets them.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { createDbtClient } from "../../src/dbt/client.js";
import { startEmulator } from "../../src/emulator/listener.js";
import { type Seed, validSeed } from "../../src/emulator/seed.js";
import { accountId, call, emulate, options, tokens } from "./emulated.js";

const now = () => new Date("2026-06-15T12:00:00Z");

const seed: Seed = {
  service_tokens: [
    { id: 9, name: "deleted", state: 2 },
    { id: 7, name: "nightly", last_used: "2026-06-15T11:00:00Z" },
    { id: 8, name: "never used" },
  ],
  users: Array.from({ length: 130 }, (_, index) => ({
    id: 5000 + index,
    email: `person${index}@example.com`,
    ...(index === 0
      ? {
          first_name: "Data",
          last_name: "Analyst",
          last_login: 3600,
          gitlab_connected: true,
          is_active: false,
        }
      : {}),
  })),
};

it("lists what the seed says, by id, a hundred at a time", () => {
  const emulator = emulate({ now, seed });
  const listed = call(emulator, "GET", "/service-tokens/").json;
  expect(
    listed.data.map(({ id, state, last_used }: Record<string, unknown>) => [id, state, last_used]),
  ).toEqual([
    [7, 1, "2026-06-15T11:00:00.000000+00:00"],
    [8, 1, null],
    [9, 2, null],
  ]);
  expect(listed.extra.pagination).toEqual({ count: 3, total_count: 3 });
  expect(call(emulator, "GET", "/users/").json.extra.pagination).toEqual({ count: 100, total_count: 130 });
  expect(call(emulator, "GET", "/users?offset=100").json.data).toHaveLength(30);
  expect(call(emulator, "GET", "/users/?limit=101").status).toBe(400);
  expect(call(emulator, "POST", "/users/", {}).status).toBe(405);
});

it("lists its own tokens where the seed names none, the caller as active just now", () => {
  const emulator = emulate({ now });
  const byName = (list: string) =>
    Object.fromEntries(
      call(emulator, "GET", list).json.data.map((one: Record<string, unknown>) => [
        one["name"] ?? one["first_name"],
        one["last_used"] ?? one["apitoken_last_used"] ?? null,
      ]),
    );
  expect(byName("/service-tokens/")).toEqual({ pipeline: "2026-06-15T12:00:00.000000+00:00", viewer: null });
  expect(byName("/users/")).toEqual({ person: null });
});

it("answers with every field that the OpenAPI description requires", () => {
  const description = parse(readFileSync("test/fixtures/openapi-v3-tokens-users.yaml", "utf8"));
  const { schemas } = description.components;
  const emulator = emulate({ now, seed });
  for (const [list, schema] of [
    ["/service-tokens/", schemas.ServiceToken],
    ["/users/", schemas.UserResponse],
  ]) {
    const [record] = call(emulator, "GET", list).json.data;
    expect(Object.keys(record)).toEqual(expect.arrayContaining(schema.required));
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(record)));
  }
});

it("takes the addresses of a pool in turn, and those of a prefix one after the other, in both record shapes", () => {
  const actor = { id: 5000, name: "Data Analyst", addresses: ["203.0.113.7", "198.51.100.8/31"] };
  const emulator = emulate({
    now,
    auditShape: "mixed",
    seed: { events: [{ type: "login.sso.succeeded", count: 6, every_seconds: 60, actor }] },
  });
  const addresses = call(emulator, "GET", "/audit-logs/").json.data.map(
    (record: { actor?: { ip: string }; actor_ip?: string }) => record.actor?.ip ?? record.actor_ip,
  );
  expect(addresses).toEqual([
    "203.0.113.7",
    "198.51.100.8",
    "203.0.113.7",
    "198.51.100.9",
    "203.0.113.7",
    "198.51.100.8",
  ]);
});

it("refuses a seed whose ids repeat, and a field that no list has", () => {
  const twice = {
    users: [
      { id: 1, email: "a" },
      { id: 1, email: "b" },
    ],
  };
  expect(() => emulate({ seed: twice })).toThrow("two users have the id 1");
  expect(validSeed({ users: [{ id: 1, email: "a", lastlogin: 3 }] })).toContain("additional properties");
});

it("keeps both lists in its state file's form", () => {
  const first = emulate({ now, seed });
  expect(JSON.parse(JSON.stringify(first.state()))).toEqual(first.state());
});

it("is read by the client: all pages, what is absent left out", async () => {
  const emulator = await startEmulator(options({ now, seed }));
  const client = createDbtClient({ baseUrl: emulator.url, accountId, token: tokens.viewer });
  try {
    expect(await client.listServiceTokens()).toEqual([
      { id: 7, name: "nightly", uid: "token-7", active: true, lastUsed: "2026-06-15T11:00:00.000Z" },
      { id: 8, name: "never used", uid: "token-8", active: true },
      { id: 9, name: "deleted", uid: "token-9", active: false },
    ]);
    const users = await client.listUsers();
    expect(users).toHaveLength(130);
    expect(users[0]).toEqual({
      id: 5000,
      email: "person0@example.com",
      fullName: "Data Analyst",
      active: false,
      lastLogin: "2026-06-15T11:00:00.000Z",
      linked: ["gitlab"],
    });
  } finally {
    await client.close();
    await emulator.close();
  }
});
