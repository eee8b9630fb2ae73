/**
 * Every answer against the published OpenAPI description. Where examples or documentation (docs/service.md) show
 * something else, they win; those differences are listed here and nowhere else:
 * - `created_by_id` and `created_by_service_token_id` may be null [examples].
 * - `developer_message` may be null [docs].
 * - Times have a blank where RFC 3339 has a `T` [examples].
 * - PUT answers in an envelope, as POST does [examples]; the description has the rule bare.
 */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { type Answer, call, emulate, ruleBody, tokens } from "./emulated.js";

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { schema: object }> };
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>;
}

// The excerpt is a fixture of known shape.
const description = parse(readFileSync("test/fixtures/openapi-v3-excerpt.yaml", "utf8")) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: Record<string, object> }> };
};

const asSeeds = (): void => {
  const { schemas } = description.components;
  const nullable = (schema: string, ...fields: readonly string[]) => {
    for (const field of fields) Object.assign(schemas[schema]?.properties?.[field] ?? {}, { nullable: true });
  };
  nullable("IPRestrictionRuleResponse", "created_by_id", "created_by_service_token_id");
  nullable("ResponseStatus", "developer_message");
  const put = description.paths["/api/v3/accounts/{account_id}/ip-restrictions/{id}"]?.put;
  if (put?.responses["200"]) {
    const schema = { $ref: "#/components/schemas/IPRestrictionRuleEnveloped" };
    Object.assign(put.responses["200"], { content: { "application/json": { schema } } });
  }
};
asSeeds();

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/);
ajv.addFormat("int64", { type: "number", validate: Number.isSafeInteger });
ajv.addSchema(description, "description");

const pathKeys = Object.keys(description.paths);

/** The description's path for a path of ours. */
const describedPath = (path: string): string | undefined =>
  pathKeys.find((key) => new RegExp(`^${key.replaceAll(/\{[a-z_]+\}/g, "[^/]+")}$`).test(path));

const pointer = (...parts: readonly string[]): string =>
  `description#/${parts.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;

const seen = new Set<string>();

const check = (method: string, path: string, answer: Answer, body?: unknown): void => {
  const key = describedPath(`/api/v3/accounts/66847${path.split("?")[0]}`);
  if (key === undefined) throw new Error(`${path} is not described`);
  seen.add(`${method} ${key}`);
  const operation = description.paths[key]?.[method.toLowerCase()];
  const response = operation?.responses[String(answer.status)];
  expect(response, `${method} ${path} ${answer.status}`).toBeDefined();
  const media = "application/json";
  if (body !== undefined && operation?.requestBody !== undefined)
    validate(pointer("paths", key, method.toLowerCase(), "requestBody", "content", media, "schema"), body);
  if (response?.content !== undefined)
    validate(
      pointer(
        "paths",
        key,
        method.toLowerCase(),
        "responses",
        String(answer.status),
        "content",
        media,
        "schema",
      ),
      answer.json,
    );
};

const validate = (place: string, value: unknown): void => {
  const valid = ajv.validate({ $ref: place }, value);
  expect(ajv.errors ?? []).toEqual([]);
  expect(valid).toBe(true);
};

it("answers every described operation as described", () => {
  const emulator = emulate({ exportPolls: 0 });
  const ask = (method: string, path: string, body?: unknown, token: string = tokens.admin) => {
    const answer = call(emulator, method, path, body, { token, from: "192.0.2.1" });
    check(method, path, answer, body);
    return answer.json;
  };
  const rule = ruleBody(["192.0.2.0/24", "2001:db8::/32"], { rule_set_enabled: false });
  ask("POST", "/ip-restrictions/", rule);
  ask("POST", "/ip-restrictions/", { ...rule, description: "Described" }, tokens.personal);
  ask("PUT", "/ip-restrictions/739", { ...ruleBody(["198.51.100.1"], { rule_set_enabled: false }), id: 739 });
  ask("GET", "/ip-restrictions/739");
  ask("GET", "/ip-restrictions/?limit=1");
  ask("POST", "/ip-restrictions-set/", { enabled: true });
  ask("GET", "/ip-restrictions-set/10/validate/");
  ask("GET", "/ip-restrictions-set/10/validate/740");
  ask("DELETE", "/ip-restrictions/740");
  ask("GET", "/audit-logs/?limit=2");
  ask("GET", "/audit-logs/download/");
  const { job_id: job } = ask("POST", "/audit-logs/export/", undefined, tokens.personal).data;
  ask("GET", "/audit-logs/export/");
  ask("GET", `/audit-logs/export/${job}/download/`, undefined, tokens.personal);
  const described = pathKeys.flatMap((key) =>
    Object.keys(description.paths[key] ?? {}).map((method) => `${method.toUpperCase()} ${key}`),
  );
  expect([...seen].sort()).toEqual(described.sort());
});

it("puts every error into the described status", () => {
  const emulator = emulate();
  const answers = [
    call(emulator, "GET", "/ip-restrictions/", undefined, { token: null }),
    call(emulator, "POST", "/ip-restrictions/", ruleBody(["nonsense"])),
    call(emulator, "GET", "/ip-restrictions/1"),
    call(emulator, "PUT", "/ip-restrictions/"),
  ];
  emulator.faults.add({ kind: "status", status: 429, retryAfter: 1 });
  answers.push(call(emulator, "GET", "/ip-restrictions/"));
  expect(answers.map(({ status }) => status)).toEqual([401, 400, 404, 405, 429]);
  for (const { json } of answers) validate(pointer("components", "schemas", "ResponseStatus"), json.status);
});
