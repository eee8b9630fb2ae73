import { expect, it } from "vitest";
import { readForm } from "../../src/emulator/request-body.js";
import { call, emulate } from "./emulated.js";

const urlencoded = "application/x-www-form-urlencoded";
const rule = { name: "A & B", type: 1, account_id: 66847, rule_set_enabled: false };
const fields = { name: "A & B", type: "1", account_id: "66847", rule_set_enabled: "False" };
const two = [{ cidr: "192.0.2.1", state: 1 }, { cidr: "2001:db8::/32" }];

it.each([
  [{ "cidrs[0].cidr": "192.0.2.1", "cidrs[0].state": "1", "cidrs[1].cidr": "2001:db8::/32" }],
  [{ "cidrs[0][cidr]": "192.0.2.1", "cidrs[0][state]": "1", "cidrs[1][cidr]": "2001:db8::/32" }],
  [{ "cidrs[1]cidr": "2001:db8::/32", "cidrs[0]cidr": "192.0.2.1", "cidrs[0]state": "1" }],
  [{ cidrs: JSON.stringify(two) }],
])("reads a form: %j", (cidrs) => {
  const text = new URLSearchParams({ ...fields, ...cidrs }).toString();
  expect(readForm(urlencoded, text)).toEqual({ kind: "form", value: { ...rule, cidrs: two } });
});

it("reads what the platform writes as multipart", async () => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const cidr of two) form.append("cidrs", JSON.stringify(cidr));
  const written = new Response(form);
  const type = written.headers.get("content-type") ?? "";
  expect(readForm(type, await written.text())).toEqual({ kind: "form", value: { ...rule, cidrs: two } });
});

it.each([
  ["multipart/form-data", "--x--", "malformed"],
  ["multipart/form-data; boundary=x", "nonsense", "malformed"],
  ["multipart/form-data; boundary=x", "--x\r\nno name\r\n--x--\r\n", "malformed"],
  ["application/json", "{}", "no-form"],
])("tells what is no form: %s %j", (type, text, kind) => {
  expect(readForm(type, text).kind).toBe(kind);
});

it("flips the switch and creates a rule by forms, and checks them like JSON", () => {
  const emulator = emulate();
  const headers = { "content-type": urlencoded };
  const post = (path: string, text: string) => call(emulator, "POST", path, undefined, { headers, text });
  const text = new URLSearchParams({ ...fields, "cidrs[0].cidr": "127.0.0.1" }).toString();
  expect(post("/ip-restrictions/", text).json.data).toMatchObject({
    name: "A & B",
    cidrs: [{ cidr: "127.0.0.1" }],
  });
  expect(post("/ip-restrictions-set/", "enabled=true").json.data.enabled).toBe(true);
  // What `curl -d` sends when nobody says that it is JSON.
  expect(post("/ip-restrictions-set/", '{"enabled": false}').status).toBe(400);
  expect(post("/ip-restrictions/", "__proto__=1&cidrs=1&cidrs[0]__proto__=1").status).toBe(400);
});
