/** The bodies of writes, checked field by field. Facts: docs/service.md, "Rules", and its OpenAPI excerpt. */
import type { WireState, WireType } from "./state.js";

export interface CidrInput {
  readonly cidr: string;
  readonly state: WireState;
  readonly enabled?: boolean;
  readonly id?: number;
}

export interface RuleInput {
  readonly name: string;
  readonly type: WireType;
  readonly cidrs: readonly CidrInput[];
  readonly description?: string;
  readonly ruleSetEnabled?: boolean;
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

const bad = (message: string): { readonly ok: false; readonly message: string } => ({ ok: false, message });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isOneOrTwo = (value: unknown): value is 1 | 2 => value === 1 || value === 2;
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const checkCidr = (value: unknown, at: string): Checked<CidrInput> => {
  if (!isRecord(value)) return bad(`${at}: expected an object`);
  const { cidr, state = 1, enabled, id } = value;
  if (!isText(cidr)) return bad(`${at}.cidr: this field is required and may not be blank`);
  if (!isOneOrTwo(state)) return bad(`${at}.state: must be 1 or 2`);
  if (enabled !== undefined && typeof enabled !== "boolean") return bad(`${at}.enabled: must be a boolean`);
  if (id !== undefined && id !== null && !isId(id)) return bad(`${at}.id: must be an integer`);
  return {
    ok: true,
    value: { cidr, state, ...(enabled === undefined ? {} : { enabled }), ...(isId(id) ? { id } : {}) },
  };
};

const checkCidrs = (value: unknown): Checked<readonly CidrInput[]> => {
  if (!Array.isArray(value)) return bad("cidrs: this field is required and must be a list");
  const cidrs: CidrInput[] = [];
  for (const [index, item] of value.entries()) {
    const checked = checkCidr(item, `cidrs[${index}]`);
    if (!checked.ok) return checked;
    cidrs.push(checked.value);
  }
  return { ok: true, value: cidrs };
};

/** The published Terraform client sends neither; a script that has its ids from the environment sends text. */
const disagrees = (sent: unknown, expected: number): boolean =>
  sent !== undefined && sent !== null && sent !== expected && sent !== String(expected);

/** What is wrong with the fields that only have to agree with the path. */
const mismatch = (
  body: Readonly<Record<string, unknown>>,
  accountId: number,
  ruleId?: number,
): string | undefined => {
  if (disagrees(body.account_id, accountId)) return `account_id: must be ${accountId}, as in the path`;
  if (ruleId !== undefined && disagrees(body.id, ruleId)) return `id: must be ${ruleId}, as in the path`;
  const state = body.state;
  if (state !== undefined && state !== 1) return "state: must be 1; to remove a rule, DELETE it";
  return undefined;
};

/** `ruleId` for an update. A create needs an entry [assumed]; an update may have none. */
export const checkRuleBody = (body: unknown, accountId: number, ruleId?: number): Checked<RuleInput> => {
  if (!isRecord(body)) return bad("expected an object");
  const wrong = mismatch(body, accountId, ruleId);
  if (wrong !== undefined) return bad(wrong);
  const { name, type, description, rule_set_enabled: ruleSetEnabled } = body;
  if (!isText(name)) return bad("name: this field is required and may not be blank");
  if (!isOneOrTwo(type)) return bad("type: this field is required and must be 1 or 2");
  // The Terraform client sends "" where it has none, and a rule that is sent back as it was read has null.
  if (description !== undefined && description !== null && typeof description !== "string")
    return bad("description: must be a string");
  if (ruleSetEnabled !== undefined && typeof ruleSetEnabled !== "boolean")
    return bad("rule_set_enabled: must be a boolean");
  const cidrs = checkCidrs(body.cidrs);
  if (!cidrs.ok) return cidrs;
  if (ruleId === undefined && cidrs.value.length === 0) return bad("cidrs: at least one is required");
  return {
    ok: true,
    value: {
      name,
      type,
      cidrs: cidrs.value,
      ...(typeof description === "string" ? { description } : {}),
      ...(ruleSetEnabled === undefined ? {} : { ruleSetEnabled }),
    },
  };
};

export const checkRuleSetBody = (body: unknown): Checked<boolean> => {
  if (!isRecord(body)) return bad("expected an object");
  const { enabled } = body;
  return typeof enabled === "boolean"
    ? { ok: true, value: enabled }
    : bad("enabled: this field is required and must be a boolean");
};
