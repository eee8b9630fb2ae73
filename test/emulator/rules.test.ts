import { expect, it } from "vitest";
import { call, emulate, ruleBody, tokens } from "./emulated.js";

it("answers a create with every key of the published answer, in its order", () => {
  const emulator = emulate();
  const made = call(emulator, "POST", "/ip-restrictions/", {
    state: 1,
    description: "Allow access from anywhere.",
    name: "Anywhere",
    type: 1,
    cidrs: [{ cidr: "0.0.0.0", state: 1, enabled: true }],
    account_id: 66847,
  });
  const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/;
  const timeless = made.text.replaceAll(/"\d{4}-[^"]*\+00:00"/g, '"T"');
  expect(timeless).toBe(
    JSON.stringify({
      status: { code: 200, is_success: true, user_message: "Success!", developer_message: "" },
      data: {
        id: 739,
        name: "Anywhere",
        type: 1,
        state: 1,
        ip_restriction_rule_set_id: 10,
        rule_set_enabled: false,
        account_id: 66847,
        cidrs: [
          {
            id: 4522,
            state: 1,
            ip_restriction_rule_id: 739,
            enabled: true,
            cidr: "0.0.0.0",
            cidr_ipv6: "::ffff:0.0.0.0/128",
            created_at: "T",
            updated_at: "T",
          },
        ],
        created_by_id: null,
        created_by_service_token_id: 68602,
        enabled_for_service_tokens: true,
        description: "Allow access from anywhere.",
        created_at: "T",
        updated_at: "T",
      },
      extra: { failed_cidrs: [], cidrs_already_exists: [] },
      error_code: null,
    }),
  );
  expect(made.json.data.created_at).toMatch(stamp);
});

it("adds what a PUT sends and keeps what it does not", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["0.0.0.0"]));
  const made = call(emulator, "PUT", "/ip-restrictions/739", ruleBody(["52.45.144.63", "54.81.134.249"]));
  expect(made.json.data.cidrs.map(({ id, cidr }: { id: number; cidr: string }) => [id, cidr])).toEqual([
    [4522, "0.0.0.0"],
    [4523, "52.45.144.63"],
    [4524, "54.81.134.249"],
  ]);
});

const cidrsOf = (answer: { json: { data: { cidrs: { id: number; cidr: string }[] } } }) =>
  answer.json.data.cidrs.map(({ cidr }) => cidr);

it.each([
  ["0.0.0.0", "::ffff:0.0.0.0/128"],
  ["10.0.0.0/8", "::ffff:10.0.0.0/104"],
  ["1.6.7.10/24", "::ffff:1.6.7.0/120"],
  ["::ffff:106:708", "::ffff:1.6.7.8/128"],
  ["2001:db8::/32", "2001:db8::/32"],
  ["2001:DB8:0::1", "2001:db8::1/128"],
  ["0.0.0.0/0", "::ffff:0.0.0.0/96"],
  ["::/0", "::/0"],
])("echoes %s as typed, and shows it as %s", (cidr, mapped) => {
  const made = call(emulate(), "POST", "/ip-restrictions", ruleBody([cidr]));
  expect(made.json.data.cidrs[0]).toMatchObject({ cidr, cidr_ipv6: mapped });
});

it("removes an entry by id and state 2, and keeps the others", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24", "198.51.100.0/24"]));
  const sent = ruleBody([{ cidr: "192.0.2.0/24", id: 4522, state: 2 }]);
  expect(cidrsOf(call(emulator, "PUT", "/ip-restrictions/739", sent))).toEqual(["198.51.100.0/24"]);
  expect(call(emulator, "PUT", "/ip-restrictions/739", sent)).toMatchObject({
    status: 400,
    json: { extra: { failed_cidrs: ["192.0.2.0/24"], cidrs_already_exists: [] } },
  });
  expect(cidrsOf(call(emulator, "GET", "/ip-restrictions/739"))).toEqual(["198.51.100.0/24"]);
});

it("removes and adds in one call, also the same range", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  const sent = ruleBody(["192.0.2.1/32", { cidr: "192.0.2.1", id: 4522, state: 2 }]);
  expect(call(emulator, "PUT", "/ip-restrictions/739", sent).json.data.cidrs).toMatchObject([
    { id: 4523, cidr: "192.0.2.1/32" },
  ]);
});

it("takes kept ids, an empty list, and a new name", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"], { description: "One" }));
  const kept = ruleBody([{ cidr: "192.0.2.0/24", id: 4522 }], { name: "Two", description: "Two" });
  expect(call(emulator, "PUT", "/ip-restrictions/739", kept).json.data).toMatchObject({
    name: "Two",
    description: "Two",
    cidrs: [{ id: 4522 }],
  });
  const none = call(emulator, "PUT", "/ip-restrictions/739", ruleBody([], { name: "Three" }));
  expect(none.json.data).toMatchObject({ name: "Three", description: "", cidrs: [{ id: 4522 }] });
});

it.each([
  ["all invalid", ["nonsense", "1.2.3.4/33"], 400, "Invalid IP range", ["nonsense", "1.2.3.4/33"], []],
  [
    "all there",
    ["192.0.2.0/24", "::ffff:c000:200/120"],
    409,
    "CIDR(s) already exists",
    [],
    ["192.0.2.0/24", "::ffff:c000:200/120"],
  ],
  ["nothing new", ["192.0.2.0/24", "nonsense"], 400, "Invalid IP range", ["nonsense"], ["192.0.2.0/24"]],
])("refuses an update where nothing can be saved: %s", (_, cidrs, status, message, failed, existing) => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  const before = emulator.state();
  expect(call(emulator, "PUT", "/ip-restrictions/739", ruleBody(cidrs, { name: "Other" }))).toMatchObject({
    status,
    json: {
      status: { code: status, is_success: false, user_message: message },
      data: null,
      extra: { failed_cidrs: failed, cidrs_already_exists: existing },
    },
  });
  expect(emulator.state()).toBe(before);
});

it("saves what it can, and lists the rest in extra", () => {
  const emulator = emulate();
  const made = call(
    emulator,
    "POST",
    "/ip-restrictions/",
    ruleBody(["192.0.2.1", "nonsense", "192.0.2.1/32", "192.0.2.2"]),
  );
  expect(made.status).toBe(200);
  expect(cidrsOf(made)).toEqual(["192.0.2.1", "192.0.2.2"]);
  expect(made.json.extra).toEqual({ failed_cidrs: ["nonsense"], cidrs_already_exists: ["192.0.2.1/32"] });
});

it("refuses a range on an allow and a deny rule, in any spelling", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  const deny = { name: "Bad", type: 2 };
  expect(call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.9/24"], deny)).status).toBe(400);
  const partly = call(
    emulator,
    "POST",
    "/ip-restrictions/",
    ruleBody(["192.0.2.9/24", "192.0.2.0/25"], deny),
  );
  expect(partly.json.extra.failed_cidrs).toEqual(["192.0.2.9/24"]);
  expect(cidrsOf(partly)).toEqual(["192.0.2.0/25"]);
  const turned = call(emulator, "PUT", "/ip-restrictions/739", ruleBody(["192.0.2.0/25"], { type: 2 }));
  expect(turned.json.data.type).toBe(2);
  const back = call(emulator, "PUT", "/ip-restrictions/739", ruleBody([], { type: 1 }));
  expect(back).toMatchObject({ status: 400, json: { extra: { failed_cidrs: ["192.0.2.0/25"] } } });
});

it("accepts a range on two rules of one type, and two rules of one name", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"]));
  expect(call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.0/24"])).json.data.id).toBe(740);
});

it.each([
  ["no name", { name: undefined }],
  ["a blank name", { name: "" }],
  ["no type", { type: undefined }],
  ["another type", { type: 3 }],
  ["another account", { account_id: 1 }],
  ["another account as text", { account_id: "66848" }],
  ["a description that is no text", { description: 1 }],
  ["no ranges", { cidrs: [] }],
  ["no list of ranges", { cidrs: undefined }],
  ["a range that is a text", { cidrs: ["192.0.2.1"] }],
  ["a blank range", { cidrs: [{ cidr: "" }] }],
  ["a wrong state of a range", { cidrs: [{ cidr: "192.0.2.1", state: 3 }] }],
  ["a switch that is no boolean", { rule_set_enabled: "yes" }],
  ["a deleted rule", { state: 2 }],
])("answers 400 to a create with %s", (_, change) => {
  const emulator = emulate();
  const made = call(emulator, "POST", "/ip-restrictions/", { ...ruleBody(["192.0.2.1"]), ...change });
  expect(made).toMatchObject({ status: 400, json: { status: { code: 400, is_success: false }, data: null } });
  expect(emulator.state().rules).toEqual([]);
});

it.each([
  ["no account, as the Terraform client", { account_id: undefined }, "Office"],
  ["the account as text, as from an environment variable", { account_id: "66847" }, "Office"],
  ["an empty description, as the Terraform client", { description: "" }, ""],
  ["null for a description, as a rule is read", { description: null, created_by_id: null }, ""],
])("takes a create with %s", (_, change, description) => {
  const body = { ...ruleBody(["192.0.2.1"], { description: "Office" }), ...change };
  const made = call(emulate(), "POST", "/ip-restrictions/", body);
  expect(made).toMatchObject({ status: 200, json: { data: { account_id: 66847, description } } });
});

it("takes a rule back as it was read", () => {
  const emulator = emulate();
  const made = call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1", "2001:db8::/32"])).json
    .data;
  const back = call(emulator, "PUT", "/ip-restrictions/739", made);
  expect(back.json.data).toEqual({ ...made, updated_at: back.json.data.updated_at });
  expect(back.json.extra).toEqual({ failed_cidrs: [], cidrs_already_exists: [] });
});

it("takes an update of the Terraform client: new entries, the old ones by id and state 2, another type", () => {
  const emulator = emulate();
  const rule = { name: "Office", type: 1, description: "", rule_set_enabled: false };
  const entries = [{ cidr: "192.0.2.0/24" }, { cidr: "198.51.100.0/24" }];
  const { id, cidrs } = call(emulator, "POST", "/ip-restrictions/", { ...rule, cidrs: entries }).json.data;
  const removals = cidrs.map((old: { id: number; cidr: string; cidr_ipv6: string }) => ({
    id: old.id,
    ip_restriction_rule_id: id,
    cidr: old.cidr,
    cidr_ipv6: old.cidr_ipv6,
    state: 2,
  }));
  const update = { ...rule, id, type: 2, cidrs: [{ cidr: "192.0.2.0/24" }, ...removals] };
  const made = call(emulator, "PUT", `/ip-restrictions/${id}`, update);
  expect(made.json.data).toMatchObject({ type: 2, cidrs: [{ id: 4524, cidr: "192.0.2.0/24", state: 1 }] });
  expect(made.json.data.cidrs).toHaveLength(1);
});

it("flips the whole set with a rule write that says so, and leaves it with one that does not", () => {
  const emulator = emulate();
  const from = { from: "192.0.2.1" };
  const first = call(
    emulator,
    "POST",
    "/ip-restrictions/",
    ruleBody(["192.0.2.0/24"], { rule_set_enabled: true }),
    from,
  );
  expect(first.json.data.rule_set_enabled).toBe(true);
  const second = call(emulator, "POST", "/ip-restrictions/", ruleBody(["198.51.100.0/24"]), from);
  expect(second.json.data.rule_set_enabled).toBe(true);
  const off = call(emulator, "PUT", "/ip-restrictions/739", ruleBody([], { rule_set_enabled: false }), from);
  expect(off.json.data.rule_set_enabled).toBe(false);
  const list = call(emulator, "GET", "/ip-restrictions/");
  expect(list.json.data.map((rule: { rule_set_enabled: boolean }) => rule.rule_set_enabled)).toEqual([
    false,
    false,
  ]);
});

it("says who created a rule", () => {
  const emulator = emulate();
  const made = call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]), {
    token: tokens.personal,
  });
  expect(made.json.data).toMatchObject({ created_by_id: 1002, created_by_service_token_id: null });
});

it("deletes with 204 and no body; the rule leaves the list, and its path is an HTML page", () => {
  const emulator = emulate();
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  expect(call(emulator, "DELETE", "/ip-restrictions/739")).toMatchObject({ status: 204, text: "" });
  expect(call(emulator, "GET", "/ip-restrictions/").json).toMatchObject({
    data: [],
    extra: { pagination: { count: 0, total_count: 0 } },
  });
  for (const method of ["GET", "PUT", "DELETE"]) {
    const gone = call(emulator, method, "/ip-restrictions/739", ruleBody([]));
    expect([gone.status, gone.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
  }
  expect(call(emulator, "GET", "/ip-restrictions/740").json.status.code).toBe(404);
  const next = call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  expect(next.json.data).toMatchObject({ id: 740, cidrs: [{ id: 4523 }] });
});

it("lists deleted rules and removed entries with state 2 when told to", () => {
  const emulator = emulate({ listDeleted: true });
  call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1"]));
  call(emulator, "PUT", "/ip-restrictions/739", ruleBody([{ cidr: "192.0.2.1", id: 4522, state: 2 }]));
  call(emulator, "DELETE", "/ip-restrictions/739");
  expect(call(emulator, "GET", "/ip-restrictions/").json.data).toMatchObject([
    { state: 2, cidrs: [{ state: 2 }] },
  ]);
});

it("pages the list by limit and offset", () => {
  const rules = Array.from({ length: 103 }, (_, index) => ({
    name: `Rule ${index}`,
    type: "allow" as const,
    cidrs: [`192.0.2.${index}`],
  }));
  const emulator = emulate({ seed: { rules } });
  const first = call(emulator, "GET", "/ip-restrictions/");
  expect(first.json.extra).toEqual({
    filters: { account_id: 66847, limit: 100, offset: 0 },
    order_by: "id",
    pagination: { count: 100, total_count: 103 },
  });
  const last = call(emulator, "GET", "/ip-restrictions?offset=100&limit=2");
  expect(last.json.data.map(({ id }: { id: number }) => id)).toEqual([839, 840]);
  expect(call(emulator, "GET", "/ip-restrictions?offset=500").json.extra.pagination).toEqual({
    count: 0,
    total_count: 103,
  });
  for (const query of ["limit=101", "limit=0", "limit=x", "offset=-1"])
    expect(call(emulator, "GET", `/ip-restrictions/?${query}`).json.status.code).toBe(400);
});

it("loses the range that a partial fault names, and says so or not", () => {
  const emulator = emulate();
  emulator.faults.add({ kind: "partial", cidr: "192.0.2.2" });
  emulator.faults.add({ kind: "partial", silently: true, nth: 2 });
  const told = call(emulator, "POST", "/ip-restrictions/", ruleBody(["192.0.2.1", "192.0.2.2"]));
  expect(cidrsOf(told)).toEqual(["192.0.2.1"]);
  expect(told.json.extra.failed_cidrs).toEqual(["192.0.2.2"]);
  const silent = call(emulator, "PUT", "/ip-restrictions/739", ruleBody(["192.0.2.3", "192.0.2.4"]));
  expect(cidrsOf(silent)).toEqual(["192.0.2.1", "192.0.2.4"]);
  expect(silent.json.extra.failed_cidrs).toEqual([]);
});
