/** The body of a write: read as JSON or as a form, then checked field by field. */

import { isObject } from "../model/json.js";
import { present } from "../model/present.js";
import { type EmulatorReply, html, problem } from "./http.js";
import type { WireState, WireType } from "./state.js";

type Field = readonly [name: string, value: string];

const wholeNumbers: ReadonlySet<string> = new Set(["account_id", "id", "type", "state"]);
const booleans: ReadonlySet<string> = new Set(["enabled", "rule_set_enabled"]);

/** Text that is no such value stays text, for the check of the body to refuse. */
const typed = (name: string, text: string): unknown => {
  if (wholeNumbers.has(name) && /^\d{1,15}$/.test(text)) return Number(text);
  if (booleans.has(name) && /^(true|1|on)$/i.test(text)) return true;
  if (booleans.has(name) && /^(false|0|off)$/i.test(text)) return false;
  return text;
};

/** `[…]` is the list, `{…}` one of it; anything else stays as it is. */
const rangesOf = (text: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [text];
  }
};

const rangeField = /^cidrs\[(\d{1,4})\](?:\.(\w+)|\[(\w+)\]|(\w+))$/;

const bodyOf = (fields: readonly Field[]): Readonly<Record<string, unknown>> => {
  const body = new Map<string, unknown>();
  const whole: unknown[] = [];
  const byIndex = new Map<number, Map<string, unknown>>();
  for (const [name, value] of fields) {
    const match = rangeField.exec(name);
    const key = match?.[2] ?? match?.[3] ?? match?.[4];
    if (name === "cidrs") whole.push(...rangesOf(value));
    else if (match === null || key === undefined) body.set(name, typed(name, value));
    else {
      const index = Number(match[1]);
      byIndex.set(index, (byIndex.get(index) ?? new Map<string, unknown>()).set(key, typed(key, value)));
    }
  }
  const indexed = [...byIndex].sort(([a], [b]) => a - b).map(([, range]) => Object.fromEntries(range));
  const cidrs = [...whole, ...indexed];
  return { ...Object.fromEntries(body), ...(cidrs.length === 0 ? {} : { cidrs }) };
};

/** RFC 7578: parts between boundary lines; the text of each that has a name. Undefined: not such a body. */
const multipartFields = (contentType: string, text: string): readonly Field[] | undefined => {
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return undefined;
  const [, ...parts] = `\r\n${text}`.split(`\r\n--${boundary}`);
  if (!parts.pop()?.startsWith("--")) return undefined;
  const fields: Field[] = [];
  for (const part of parts) {
    const end = part.indexOf("\r\n\r\n");
    const name = /^content-disposition:[^\r\n]*;\s*name="([^"]*)"/im.exec(part.slice(0, end))?.[1];
    if (end < 0 || name === undefined) return undefined;
    fields.push([name, part.slice(end + 4)]);
  }
  return fields;
};

type ReadForm =
  | { readonly kind: "form"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: "malformed" }
  | { readonly kind: "no-form" };

/**
 * Bodies written as forms, which the OpenAPI description lists next to JSON: made into what the same body would
 * be as JSON. How a form writes a list of ranges is not published: `cidrs[0].cidr`, `cidrs[0][cidr]`,
 * `cidrs[0]cidr`, and JSON text in `cidrs` are taken [assumed].
 *
 * `contentType` as it was sent.
 */
export const readForm = (contentType: string, text: string): ReadForm => {
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded")
    return { kind: "form", value: bodyOf([...new URLSearchParams(text)]) };
  if (type !== "multipart/form-data") return { kind: "no-form" };
  const fields = multipartFields(contentType, text);
  return fields === undefined ? { kind: "malformed" } : { kind: "form", value: bodyOf(fields) };
};

type ReadBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "reply"; readonly reply: EmulatorReply };

/** A body as it was sent. */
interface SentBody {
  readonly contentType: string | undefined;
  readonly body: string;
  /** Its bytes were no UTF-8. */
  readonly isDamaged: boolean;
}

/**
 * A bad body gets an HTML page (docs/service.md, "Answers and limits"). Taken are JSON and the two kinds of
 * forms that the OpenAPI description lists.
 */
export const readBody = (sent: SentBody): ReadBody => {
  const contentType = sent.contentType ?? "application/json";
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  if (sent.isDamaged) return { kind: "reply", reply: html(400) };
  const form = readForm(contentType, sent.body);
  if (form.kind === "form") return { kind: "json", value: form.value };
  if (form.kind === "malformed") return { kind: "reply", reply: html(400) };
  if (type !== "application/json")
    return { kind: "reply", reply: problem(415, `Unsupported media type "${type}" in request.`) };
  try {
    return { kind: "json", value: JSON.parse(sent.body) };
  } catch {
    return { kind: "reply", reply: html(400) };
  }
};

// The bodies of writes, checked field by field (docs/service.md, "Rules", and its OpenAPI excerpt).

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

const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isOneOrTwo = (value: unknown): value is 1 | 2 => value === 1 || value === 2;
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const checkCidr = (value: unknown, at: string): Checked<CidrInput> => {
  if (!isObject(value)) return bad(`${at}: expected an object`);
  const { cidr, state = 1, enabled, id } = value;
  if (!isText(cidr)) return bad(`${at}.cidr: this field is required and may not be blank`);
  if (!isOneOrTwo(state)) return bad(`${at}.state: must be 1 or 2`);
  if (enabled !== undefined && typeof enabled !== "boolean") return bad(`${at}.enabled: must be a boolean`);
  if (id !== undefined && id !== null && !isId(id)) return bad(`${at}.id: must be an integer`);
  return {
    ok: true,
    value: { cidr, state, ...present({ enabled }), ...(isId(id) ? { id } : {}) },
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
  if (!isObject(body)) return bad("expected an object");
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
      ...present({ ruleSetEnabled }),
    },
  };
};

export const checkRuleSetBody = (body: unknown): Checked<boolean> => {
  if (!isObject(body)) return bad("expected an object");
  const { enabled } = body;
  return typeof enabled === "boolean"
    ? { ok: true, value: enabled }
    : bad("enabled: this field is required and must be a boolean");
};
