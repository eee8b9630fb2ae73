/** `explain`: whether an address or a prefix gets in, which entry decides, and which lost. */
import { type Command, Option } from "commander";
import {
  containsPrefix,
  formatPrefix,
  mappedLength,
  type Prefix,
  parsePrefix,
  samePrefix,
} from "../../address/prefix.js";
import { requirePolicy } from "../../files/load-policy.js";
import { fileAndLine } from "../../model/diagnostic.js";
import { Failure, failure } from "../../model/failure.js";
import type { AccountState } from "../../model/rule.js";
import type { Snapshot } from "../../model/snapshot.js";
import { desiredState } from "../../plan/desired.js";
import { explain } from "../../plan/explain.js";
import type { Policy, PolicyEntry } from "../../policy/policy.js";
import type { AskedStates, ExpiredEntry, ExplainView } from "../../report/explain.js";
import { listOriginWords } from "../../report/lists.js";
import type { Report } from "../../report/report.js";
import { namedConnection } from "../accounts.js";
import { type ComparingOptions, comparingOptions } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { readAccount, withClient } from "../connect.js";
import { type Io, noteDiagnostics } from "../io.js";
import { readPlan } from "../plans.js";

interface Options extends ComparingOptions {
  readonly live?: boolean;
  readonly plan?: string;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  comparingOptions(command, "explanation")
    .argument("<ip-or-cidr...>", "addresses or prefixes")
    .option("--live", "by the account as it is, instead of the policy")
    .addOption(new Option("--plan <file>", "before and after a saved plan").conflicts("live"));
  runs(command, io, program, explainAll);
};

const explainAll = async (io: Io, options: Options, texts: readonly string[]): Promise<Report> => {
  const prefixes = texts.map(readQuery);
  const { viewsOf, ...asked } = await askable(io, options);
  const explained = prefixes.map((prefix) => ({ prefix, views: viewsOf(prefix) }));
  return { kind: "explanation", explained, asked };
};

const readQuery = (text: string): Prefix => {
  const parsed = parsePrefix(text.trim());
  if (parsed.ok) {
    const meant = mappedLength(text.trim(), parsed.prefix);
    if (meant === undefined) return parsed.prefix;
    throw failure("bad-address", { kind: "mapped-length", text, meant: formatPrefix(meant) });
  }
  throw failure("bad-address", { kind: "unreadable", text, reason: parsed.problem.message });
};

interface Askable extends AskedStates {
  readonly viewsOf: (prefix: Prefix) => ExplainView[];
}

/** What is asked is read once, for however many questions. */
const askable = async (io: Io, options: Options): Promise<Askable> => {
  if (options.plan !== undefined) {
    const plan = await readPlan(io, options.plan);
    const views = [
      { title: "the account when the plan was made", state: plan.before },
      { title: "the account after the plan", state: plan.after },
    ];
    return {
      views,
      viewsOf: (prefix) => views.map(({ title, state }) => ({ title, explanation: explain(state, prefix) })),
    };
  }
  if (options.live === true) {
    const connection = namedConnection(io, options);
    const { snapshot, state, diagnostics } = await withClient(io, options, connection, readAccount);
    noteDiagnostics(io, diagnostics, options);
    const title = "the account";
    return {
      views: [{ title, state }],
      viewsOf: (prefix) => [{ title, explanation: explain(state, prefix), places: idsOf(snapshot) }],
    };
  }
  const { policy } = await requirePolicy(io, options);
  const state = ownState(policy);
  const title = options.policy;
  return {
    views: [{ title, state }],
    policy,
    viewsOf: (prefix) => [
      {
        title,
        explanation: explain(state, prefix),
        places: linesOf(policy),
        expired: expiredAt(policy, prefix),
      },
    ],
  };
};

/** Expired entries that hold some of the addresses: the likely answer to "why not any more?". */
const expiredAt = (policy: Policy, prefix: Prefix): ExpiredEntry[] =>
  policy.rules.flatMap(({ name, type, expired }) =>
    expired.flatMap(({ prefix: own, expires, source }) =>
      expires !== undefined && (containsPrefix(own, prefix) || containsPrefix(prefix, own))
        ? [{ rule: name, type, prefix: own, expires, place: fileAndLine(source) }]
        : [],
    ),
  );

/** The policy's own rules, as if nothing else were on the account; enforcement left alone counts as on. */
const ownState = (policy: Policy): AccountState => {
  const { desired, diagnostics } = desiredState(policy, { enforcement: "unknown", rules: [] });
  if (desired === undefined) throw new Failure(diagnostics);
  return { ...desired.state, enforcement: policy.enforcement === "disabled" ? "disabled" : "enabled" };
};

const linesOf =
  (policy: Policy): NonNullable<ExplainView["places"]> =>
  (rule, _type, prefix) => {
    const found = policy.rules.find(({ name }) => name === rule);
    const entries = [...(found?.entries ?? []), ...(found?.disabled ?? [])];
    const entry = entries.find((one) => samePrefix(one.prefix, prefix));
    return entry === undefined ? undefined : placeOf(entry);
  };

/** `policy.yaml:14`; of an entry of a published list that list too, and when it was fetched. */
const placeOf = ({ source, list }: PolicyEntry): string =>
  list === undefined ? fileAndLine(source) : `${fileAndLine(source)}, ${listOriginWords(list)}`;

const idsOf =
  (snapshot: Snapshot): NonNullable<ExplainView["places"]> =>
  (rule) => {
    const id = snapshot.rules.find(({ name }) => name === rule)?.id;
    return id === undefined ? undefined : `rule ${id}`;
  };
