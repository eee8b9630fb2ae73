/** From a request to an endpoint: path, token, limit, account, access, method, permission, in this order. */
import { type Address, parseAddress } from "../address/prefix.js";
import { isBlocked } from "./access.js";
import { type Account, type Call, type Influence, notFound } from "./call.js";
import { listAccounts, oneAccount } from "./endpoints/accounts.js";
import { downloadAuditLogs, exportStatus, exportUrl, listAuditLogs, startExport } from "./endpoints/audit.js";
import { postRuleSet, validateCaller } from "./endpoints/rule-set.js";
import { listRules, oneRule, postRule } from "./endpoints/rules.js";
import { accessDenied, type EmulatorReply, type EmulatorRequest, html, problem, reply } from "./http.js";
import type { RateLimit } from "./rate-limit.js";
import { methodsOf, type Route, routeOf } from "./routes.js";
import type { Authenticate } from "./tokens.js";

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
    address,
    addressText: text,
    influence,
  };
  return refusal(route, account, call) ?? endpoint(route, account, call);
};
