import { expect, it } from "vitest";
import { call, emulate, ruleBody } from "./emulated.js";

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
