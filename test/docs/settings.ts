/** The exit codes and the environment, said once for the reference and the manual page. */

export interface Row {
  readonly name: string;
  readonly meaning: string;
}

export const exitCodeRows: readonly Row[] = [
  { name: "0", meaning: "done, or nothing to do" },
  {
    name: "1",
    meaning:
      "error: nothing was changed; or `apply` made every change, and only its report or its audit failed, as the message says",
  },
  {
    name: "2",
    meaning:
      "there are differences (`plan` and `replay` with `--detailed-exitcode`, `fmt --check`, and always `drift` and `lists check`)",
  },
  {
    name: "3",
    meaning: "refused: a guard, a policy test, a stale plan, or a missing audit record",
  },
  {
    name: "4",
    meaning: "stopped midway: the account was changed, but not as planned; the message says how to continue",
  },
];

export interface Variable {
  readonly names: readonly string[];
  readonly meaning: string;
}

export const variables: readonly Variable[] = [
  { names: ["DBT_CLOUD_TOKEN", "DBT_CLOUD_API_TOKEN"], meaning: "the token; never a flag, never printed" },
  {
    names: ["DBT_CLOUD_TOKEN_<account id>"],
    meaning: "the token of this account, preferred to the two above: for several accounts in one run",
  },
  {
    names: ["DBT_CLOUD_ACCOUNT_ID"],
    meaning: "the account; `--account` overrides it, and a policy that names another is an error",
  },
  {
    names: ["DBT_CLOUD_HOST_URL"],
    meaning:
      "the access URL, with or without `/api`; `--host` overrides it, and a policy that names another is an error",
  },
  {
    names: ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"],
    meaning: "an HTTP proxy, and hosts that are called without it; SOCKS is not supported",
  },
  {
    names: ["NODE_EXTRA_CA_CERTS"],
    meaning: "the file of a company's own CA (Node.js does not read `SSL_CERT_FILE`)",
  },
  {
    names: ["XDG_STATE_HOME"],
    meaning: "where `apply` keeps its lock (default: the user's own state folder)",
  },
  {
    names: ["NO_COLOR", "FORCE_COLOR", "CI"],
    meaning: "whether to use colour, and whether to ask questions",
  },
];

/** As the reference prints them. */
export const exitCodeTable = (): string =>
  [
    "| code | meaning |",
    "|---|---|",
    ...exitCodeRows.map(({ name, meaning }) => `| ${name} | ${meaning} |`),
  ].join("\n");

export const variableTable = (): string =>
  [
    "| variable | for |",
    "|---|---|",
    ...variables.map(
      ({ names, meaning }) => `| ${names.map((name) => `\`${name}\``).join(", ")} | ${meaning} |`,
    ),
  ].join("\n");
