/** From a request to an endpoint: path, token, limit, account, access, method, permission, in this order. */
import { type Address, parseAddress } from "../address/prefix.js";
import { isBlocked } from "./access.js";
import { type Account, type Call, type Influence, notFound } from "./call.js";
import {
  downloadAuditLogs,
  exportStatus,
  exportUrl,
  listAccounts,
  listAuditLogs,
  listRules,
  oneAccount,
  oneRule,
  postRule,
  postRuleSet,
  startExport,
  validateCaller,
} from "./endpoints.js";
import { accessDenied, type EmulatorReply, type EmulatorRequest, html, problem, reply } from "./http.js";
import { listServiceTokens, listUsers } from "./people.js";
import type { RateLimit } from "./settings.js";
import type { Authenticate } from "./tokens.js";

// Which endpoint a path means; trailing slashes as in docs/service.md, "Answers and limits".

type Route =
  | { readonly kind: "accounts"; readonly version: 2 | 3 }
  | { readonly kind: "account"; readonly accountId: number }
  | { readonly kind: "rules"; readonly accountId: number }
  | { readonly kind: "rule"; readonly accountId: number; readonly ruleId: number }
  | { readonly kind: "rule-set"; readonly accountId: number }
  | {
      readonly kind: "validate";
      readonly accountId: number;
      readonly setId: number;
      readonly withoutRule?: number;
    }
  | { readonly kind: "service-tokens"; readonly accountId: number }
  | { readonly kind: "users"; readonly accountId: number }
  | { readonly kind: "audit-logs"; readonly accountId: number }
  | { readonly kind: "audit-download"; readonly accountId: number }
  | { readonly kind: "audit-export"; readonly accountId: number }
  | { readonly kind: "export-download"; readonly accountId: number; readonly jobId: string };

type Make = (groups: readonly string[]) => Route;

const number = (groups: readonly string[], index: number): number => Number(groups[index]);

const account = "/api/v3/accounts/(\\d{1,15})";

const table: readonly (readonly [RegExp, Make])[] = (
  [
    ["/api/v([23])/accounts/?", (g) => ({ kind: "accounts", version: g[0] === "2" ? 2 : 3 })],
    ["/api/v[23]/accounts/(\\d{1,15})/?", (g) => ({ kind: "account", accountId: number(g, 0) })],
    [`${account}/ip-restrictions/?`, (g) => ({ kind: "rules", accountId: number(g, 0) })],
    [
      `${account}/ip-restrictions/(\\d{1,15})`,
      (g) => ({ kind: "rule", accountId: number(g, 0), ruleId: number(g, 1) }),
    ],
    [`${account}/ip-restrictions-set/?`, (g) => ({ kind: "rule-set", accountId: number(g, 0) })],
    [
      `${account}/ip-restrictions-set/(\\d{1,15})/validate/?`,
      (g) => ({ kind: "validate", accountId: number(g, 0), setId: number(g, 1) }),
    ],
    [
      `${account}/ip-restrictions-set/(\\d{1,15})/validate/(\\d{1,15})`,
      (g) => ({ kind: "validate", accountId: number(g, 0), setId: number(g, 1), withoutRule: number(g, 2) }),
    ],
    [`${account}/service-tokens/?`, (g) => ({ kind: "service-tokens", accountId: number(g, 0) })],
    [`${account}/users/?`, (g) => ({ kind: "users", accountId: number(g, 0) })],
    [`${account}/audit-logs/?`, (g) => ({ kind: "audit-logs", accountId: number(g, 0) })],
    [`${account}/audit-logs/download/?`, (g) => ({ kind: "audit-download", accountId: number(g, 0) })],
    [`${account}/audit-logs/export/?`, (g) => ({ kind: "audit-export", accountId: number(g, 0) })],
    [
      `${account}/audit-logs/export/([A-Za-z0-9-]{1,64})/download/?`,
      (g) => ({ kind: "export-download", accountId: number(g, 0), jobId: g[1] ?? "" }),
    ],
  ] satisfies readonly (readonly [string, Make])[]
).map(([pattern, make]) => [new RegExp(`^${pattern}$`), make] as const);

/** Undefined for a wrong path: an HTML page. */
const routeOf = (path: string): Route | undefined => {
  for (const [pattern, make] of table) {
    const match = pattern.exec(path);
    if (match !== null) return make(match.slice(1));
  }
  return undefined;
};

const methods: Readonly<Record<Route["kind"], readonly string[]>> = {
  accounts: ["GET"],
  account: ["GET"],
  rules: ["GET", "POST"],
  rule: ["GET", "PUT", "DELETE"],
  "rule-set": ["POST"],
  validate: ["GET"],
  "service-tokens": ["GET"],
  users: ["GET"],
  "audit-logs": ["GET"],
  "audit-download": ["GET"],
  "audit-export": ["GET", "POST"],
  "export-download": ["GET"],
};

const methodsOf = (route: Route): readonly string[] => methods[route.kind];

export interface Gate {
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
}

/** The first of `X-Forwarded-For`, else the configured address, else the peer's. Undefined: not an address. */
const callerAddress = (
  request: EmulatorRequest,
  clientIp: string | undefined,
): { text: string; address?: Address } => {
  const forwarded = request.headers["x-forwarded-for"]?.split(",")[0]?.trim();
  const text = forwarded || (clientIp ?? request.address);
  const parsed = parseAddress(text);
  return parsed.ok ? { text, address: parsed.address } : { text };
};

const tooMany = (seconds: number): EmulatorReply =>
  problem(429, "Too many requests. Please wait before you try again.", {
    headers: { "retry-after": String(seconds), "x-rate-limit-retry-after-seconds": String(seconds) },
  });

const endpoint = (route: Route, account: Account, call: Call): EmulatorReply => {
  switch (route.kind) {
    case "accounts":
      return listAccounts(account, call);
    case "account":
      return oneAccount(account);
    case "rules":
      return call.method === "POST" ? postRule(account, call) : listRules(account, call);
    case "rule":
      return oneRule(account, call, route.ruleId);
    case "rule-set":
      return postRuleSet(account, call);
    case "validate":
      return validateCaller(account, call, route.setId, route.withoutRule);
    case "service-tokens":
      return listServiceTokens(account, call);
    case "users":
      return listUsers(account, call);
    case "audit-logs":
      return listAuditLogs(account, call);
    case "audit-download":
      return downloadAuditLogs(account, call);
    case "audit-export":
      return call.method === "POST" ? startExport(account, call) : exportStatus(account);
    case "export-download":
      return exportUrl(account, route.jobId);
  }
};

const slashRedirect = (method: string, target: string): EmulatorReply => {
  const [path = "", ...query] = target.split("?");
  const location = query.length === 0 ? `${path}/` : `${path}/?${query.join("?")}`;
  return reply(method === "GET" ? 301 : 308, { location }, "");
};

const isCollection = (route: Route): boolean =>
  route.kind !== "rule" && !(route.kind === "validate" && route.withoutRule !== undefined);

const refusal = (route: Route, account: Account, call: Call): EmulatorReply | undefined => {
  const { store } = account;
  if (route.kind !== "accounts") {
    if (route.accountId !== store.accountId) return notFound();
    const isService = call.grant.kind === "service";
    if (!account.settings.exemptCaller && isBlocked(store, call.address, isService))
      return accessDenied(store.accountId, isService ? null : call.grant.id, isService);
  }
  const methods = methodsOf(route);
  if (!methods.includes(call.method))
    return problem(405, `Method "${call.method}" not allowed.`, { headers: { allow: methods.join(", ") } });
  // An export changes nothing: viewers may start one (the audit log page says so).
  if (call.method !== "GET" && call.grant.role !== "admin" && route.kind !== "audit-export")
    return problem(403, "You do not have permission to perform this action.");
  return undefined;
};

export const dispatch = (
  request: EmulatorRequest,
  account: Account,
  gate: Gate,
  influence: Influence,
): EmulatorReply => {
  const [path = ""] = request.target.split("?");
  const route = routeOf(path);
  if (route === undefined) return html(404);
  if (account.settings.slash === "redirect" && isCollection(route) && !path.endsWith("/"))
    return slashRedirect(request.method, request.target);
  const grant = gate.authenticate(request.headers.authorization);
  if (grant === undefined)
    return problem(401, "Invalid token.", { headers: { "www-authenticate": "Bearer" } });
  const wait = gate.rateLimit.check(account.clock.now());
  if (wait !== undefined) return tooMany(wait);
  const { text, address } = callerAddress(request, account.settings.clientIp);
  if (address === undefined) return problem(400, "X-Forwarded-For does not begin with an address.");
  const call: Call = {
    // A HEAD is a GET whose answer's body is not sent.
    method: request.method === "HEAD" ? "GET" : request.method,
    query: new URLSearchParams(request.target.slice(path.length)),
    contentType: request.headers["content-type"],
    body: request.body,
    isDamaged: request.isDamaged === true,
    grant,
    grants: gate.authenticate.grants,
    address,
    addressText: text,
    influence,
  };
  return refusal(route, account, call) ?? endpoint(route, account, call);
};
