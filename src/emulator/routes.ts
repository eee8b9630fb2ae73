/** Which endpoint a path means; trailing slashes as in docs/service.md, "Answers and limits". */

export type Route =
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
export const routeOf = (path: string): Route | undefined => {
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
  "audit-logs": ["GET"],
  "audit-download": ["GET"],
  "audit-export": ["GET", "POST"],
  "export-download": ["GET"],
};

export const methodsOf = (route: Route): readonly string[] => methods[route.kind];
