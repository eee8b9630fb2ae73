/**
 * The shape of a JSON value: its keys and the types of what they hold, never a value. For publishing what a service
 * answers without what it holds. Promise: of keys, only those of a closed list appear by name, since a key may be a
 * value itself, as in a map by name; all others of an object are one `(other key)`. Lists do not show their length.
 */
import type { Shape } from "../doctor/seen.js";

/** The keys of docs/service.md, and of the recorded answers in `test/fixtures/`. */
const knownKeys: ReadonlySet<string> = new Set(
  `status code is_success user_message developer_message data extra error_code detail
  filters limit offset order_by pagination count total_count logged_at__range routing_key__in internal
  failed_cidrs cidrs_already_exists account_access_denied is_service_token
  id uid uuid name type state description created_at updated_at account_id user_id
  ip_restriction_rule_set_id ip_restriction_rule_id rule_set_enabled enabled_for_service_tokens
  cidrs cidr cidr_ipv6 enabled created_by_id created_by_service_token_id is_valid_for_admin
  source service actor event_type event_label event_context ip license_type actor_id actor_ip actor_name actor_type
  routing_key logged_at metadata identity email user user_group sso provider
  rule rule_id rule_name rule_set old new before after changes cidrs_added cidrs_removed
  project_id environment_id job_definition_id plan locked pending_cancel last_used last_login apitoken_last_used
  is_active first_name last_name licenses permissions service_token_permissions permission_set
  run_slots developer_seats read_only_seats it_seats queue_limit pod_memory_request_mebibytes
  enterprise_login_slug enterprise_authentication_method enterprise_unique_identifier billing_email_address
  lock_reason lock_cause unlocked_at run_duration_limit_seconds docs_job_id freshness_job_id
  job_id is_running download_url`.split(/\s+/),
);

const otherKey = "(other key)";

/** Takes any JSON value that is not nested deeper than a stack allows (`parseJson` refuses those). */
export const shapeOf = (value: unknown): Shape => {
  if (value === null) return "null";
  if (Array.isArray(value)) return listShape(value);
  if (typeof value !== "object") return typeof value;
  const shapes = new Map<string, Shape>();
  for (const [key, inner] of Object.entries(value)) {
    const name = knownKeys.has(key) ? key : otherKey;
    const known = shapes.get(name);
    const shape = shapeOf(inner);
    shapes.set(name, known === undefined ? shape : either(known, shape));
  }
  return Object.fromEntries([...shapes].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const listShape = (list: readonly unknown[]): Shape => {
  const [first, ...more] = list.map(shapeOf);
  return first === undefined ? [] : [more.reduce(either, first)];
};

const isObject = (shape: Shape): shape is { readonly [key: string]: Shape } =>
  typeof shape === "object" && !Array.isArray(shape);

/** A key that some of several objects lack is `key?`. Of a list and an object, both in a list of `one of`. */
const either = (a: Shape, b: Shape): Shape => {
  if (isObject(a) && isObject(b)) return eitherObject(a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    const [first, ...more] = [...a, ...b] as readonly Shape[];
    return first === undefined ? [] : [more.reduce(either, first)];
  }
  if (typeof a === "string" && typeof b === "string")
    return [...new Set([...a.split(" | "), ...b.split(" | ")])].sort().join(" | ");
  return eitherKind(a, b);
};

const eitherObject = (
  a: { readonly [key: string]: Shape },
  b: { readonly [key: string]: Shape },
): { readonly [key: string]: Shape } => {
  if (oneOf in a || oneOf in b) return eitherKind(a, b);
  const bare = (shape: { readonly [key: string]: Shape }) =>
    new Map(Object.entries(shape).map(([key, inner]) => [key.replace(/\?$/, ""), inner]));
  const [left, right] = [bare(a), bare(b)];
  const merged = [...new Set([...left.keys(), ...right.keys()])].sort().map((key): [string, Shape] => {
    const [inA, inB] = [left.get(key), right.get(key)];
    const isOptional = inA === undefined || inB === undefined || `${key}?` in a || `${key}?` in b;
    const shape = inA === undefined ? (inB ?? "null") : inB === undefined ? inA : either(inA, inB);
    return [isOptional ? `${key}?` : key, shape];
  });
  return Object.fromEntries(merged);
};

const oneOf = "one of";

/** One shape each of text or number, list and object. */
const eitherKind = (a: Shape, b: Shape): { readonly [key: string]: Shape } => {
  const kinds = new Map<string, Shape>();
  const parts = (shape: Shape): readonly Shape[] => {
    if (!isObject(shape)) return [shape];
    const inner = shape[oneOf];
    return Array.isArray(inner) ? (inner as readonly Shape[]) : [shape];
  };
  for (const part of [...parts(a), ...parts(b)]) {
    const kind = typeof part === "string" ? "scalar" : Array.isArray(part) ? "list" : "object";
    const known = kinds.get(kind);
    kinds.set(kind, known === undefined ? part : either(known, part));
  }
  return { [oneOf]: [...kinds].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, shape]) => shape) };
};
