/** From a request to an endpoint: path, token, limit, account, access, method, permission, in this order. */
import { type Address, parseAddress } from "../address/prefix.js";
import { isBlocked } from "./access.js";
import { type Account, type Call, notFound } from "./call.js";
import {
  downloadAuditLogs,
  exportStatus,
  exportUrl,
  getRule,
  listAccounts,
  listAuditLogs,
  listRules,
  oneAccount,
  postRule,
  postRuleSet,
  putRule,
  removeRule,
  startExport,
  validateCaller,
} from "./endpoints.js";
import type { Influence } from "./faults.js";
import { accessDenied, type EmulatorReply, type EmulatorRequest, html, problem, reply } from "./http.js";
import { listServiceTokens, listUsers } from "./people.js";
import type { RateLimit } from "./settings.js";
import type { Authenticate } from "./tokens.js";

type Handle = (account: Account, call: Call, ...parts: string[]) => EmulatorReply;

interface Endpoint {
  /** A collection's path takes a slash behind it or none (docs/service.md, "Answers and limits"). */
  readonly isCollection: boolean;
  /** Its group `account` is the account's id; the others go to `methods` as they are. */
  readonly path: RegExp;
  readonly methods: ReadonlyMap<string, Handle>;
}

const endpoint = (path: string, methods: Readonly<Record<string, Handle>>): Endpoint => ({
  isCollection: path.endsWith("/"),
  path: new RegExp(`^${path}${path.endsWith("/") ? "?" : ""}$`),
  methods: new Map(Object.entries(methods)),
});

const account = "/api/v3/accounts/(?<account>\\d{1,15})";
const id = "(\\d{1,15})";

const endpoints: readonly Endpoint[] = [
  endpoint("/api/v[23]/accounts/", { GET: listAccounts }),
  endpoint("/api/v[23]/accounts/(?<account>\\d{1,15})/", { GET: oneAccount }),
  endpoint(`${account}/ip-restrictions/`, { GET: listRules, POST: postRule }),
  endpoint(`${account}/ip-restrictions/${id}`, { GET: getRule, PUT: putRule, DELETE: removeRule }),
  endpoint(`${account}/ip-restrictions-set/`, { POST: postRuleSet }),
  endpoint(`${account}/ip-restrictions-set/${id}/validate/`, { GET: validateCaller }),
  endpoint(`${account}/ip-restrictions-set/${id}/validate/${id}`, { GET: validateCaller }),
  endpoint(`${account}/service-tokens/`, { GET: listServiceTokens }),
  endpoint(`${account}/users/`, { GET: listUsers }),
  endpoint(`${account}/audit-logs/`, { GET: listAuditLogs }),
  endpoint(`${account}/audit-logs/download/`, { GET: downloadAuditLogs }),
  endpoint(`${account}/audit-logs/export/`, { GET: exportStatus, POST: startExport }),
  endpoint(`${account}/audit-logs/export/([A-Za-z0-9-]{1,64})/download/`, { GET: exportUrl }),
];

/** Which endpoint a path means, with what is written in it. */
interface Route extends Endpoint {
  /** Undefined for the list of accounts. */
  readonly accountId: number | undefined;
  readonly parts: readonly string[];
}

/** Undefined for a wrong path: an HTML page. */
const routeOf = (path: string): Route | undefined => {
  for (const known of endpoints) {
    const match = known.path.exec(path);
    if (match === null) continue;
    const named = match.groups?.["account"];
    const parts = match.slice(named === undefined ? 1 : 2);
    return { ...known, accountId: named === undefined ? undefined : Number(named), parts };
  }
  return undefined;
};

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

const slashRedirect = (method: string, target: string): EmulatorReply => {
  const [path = "", ...query] = target.split("?");
  const location = query.length === 0 ? `${path}/` : `${path}/?${query.join("?")}`;
  return reply(method === "GET" ? 301 : 308, { location }, "");
};

/** By the endpoint, once account, access, method and permission let the call through. */
const answer = ({ accountId, parts, methods }: Route, account: Account, call: Call): EmulatorReply => {
  const { store } = account;
  if (accountId !== undefined) {
    if (accountId !== store.accountId) return notFound();
    const isService = call.grant.kind === "service";
    if (!account.settings.exemptCaller && isBlocked(store, call.address, isService))
      return accessDenied(store.accountId, isService ? null : call.grant.id, isService);
  }
  const handle = methods.get(call.method);
  if (handle === undefined)
    return problem(405, `Method "${call.method}" not allowed.`, {
      headers: { allow: [...methods.keys()].join(", ") },
    });
  // An export changes nothing: viewers may start one (the audit log page says so).
  if (call.method !== "GET" && call.grant.role !== "admin" && handle !== startExport)
    return problem(403, "You do not have permission to perform this action.");
  return handle(account, call, ...parts);
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
  if (account.settings.slash === "redirect" && route.isCollection && !path.endsWith("/"))
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
  return answer(route, account, call);
};
