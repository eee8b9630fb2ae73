/** `lists`: published lists. `update` fetches them into the lock, `check` only compares, `catalogue` names known ones. */
import { dirname, join } from "node:path";
import { type Command, Option } from "commander";
import { transportError } from "../../dbt/failures.js";
import { createHttpTransport, hostInWords, ignoredCertificateVariable } from "../../dbt/transport.js";
import { readPolicyFiles } from "../../files/load-policy.js";
import { isStandardInput } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import type { FetchPorts } from "../../lists/fetch-list.js";
import { policyAccess } from "../../lists/policy-access.js";
import { updateLists } from "../../lists/update-lists.js";
import { hasErrors } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { Failure, failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { redact } from "../../model/secrets.js";
import { listCatalogue } from "../../policy/list-catalogue.js";
import { formatLock } from "../../policy/lock.js";
import { type PublishedLists, publishedLists } from "../../policy/locked-lists.js";
import { suggest } from "../../policy/suggest.js";
import type { Report } from "../../report/report.js";
import { type OutputOptions, outputOptions, type PolicyOptions, policyOption } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import type { Io } from "../io.js";
import { version } from "../package.js";

interface Options extends PolicyOptions, OutputOptions {
  readonly allowMaxChange?: readonly string[];
}

export const configure = (command: Command, io: Io, program: Program): void => {
  for (const [mode, description] of [
    ["update", "fetch published lists into the lock next to the policy"],
    ["check", "fetch and compare, write nothing; exit 2 if `update` would change something"],
  ] as const) {
    const own = command
      .command(mode)
      .description(description)
      .argument("[names...]", "only these lists: networks of the policy with a source");
    overrideOption(outputOptions(policyOption(own), "lists"));
    runs(own, io, program, (ownIo, options: Options, names) => run(ownIo, options, names, mode));
  }
  const catalogue = command
    .command("catalogue")
    .description("show the well-known lists that `source` can name");
  runs(outputOptions(catalogue, "list-catalogue"), io, program, async () => ({
    kind: "list-catalogue",
    lists: listCatalogue,
  }));
};

const overrideOption = (command: Command): Command =>
  command.addOption(
    new Option(
      "--allow-max-change <name>",
      "let this list change more than its max_change (repeatable)",
    ).argParser((name: string, before: readonly string[] = []) => [...before, name]),
  );

const run = async (
  io: Io,
  options: Options,
  typed: readonly string[],
  mode: "update" | "check",
): Promise<Report> => {
  const now = io.now();
  const { parsed, files, diagnostics } = readPolicyFiles(io, options.policy);
  if (parsed === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  const published = publishedLists(parsed, files, now);
  if (hasErrors(published.diagnostics)) throw new Failure(published.diagnostics);
  requireNames(published, [...typed, ...(options.allowMaxChange ?? [])]);
  const names = typed.length === 0 ? undefined : new Set(typed);
  const { lock, edited, sources } = published;
  const update = await updateLists(
    {
      policyFile: options.policy,
      sources,
      lock,
      edited,
      overrides: new Set(options.allowMaxChange ?? []),
      now,
      ...present({ names }),
    },
    fetchPorts(io),
  );
  const next = update.next;
  const access =
    next === undefined ? undefined : policyAccess(parsed, files, { before: lock, after: next, now });
  const folder = isStandardInput(options.policy) ? "" : dirname(options.policy);
  const file = join(folder, parsed.lockReference);
  const written = next !== undefined && mode === "update";
  if (written) await writeWhole(io, file, formatLock(next));
  return {
    kind: "lists",
    update,
    mode,
    written,
    policyFile: visible(options.policy),
    lockFile: file,
    rules: published.rules,
    ...present({ access }),
  };
};

const requireNames = ({ sources }: PublishedLists, typed: readonly string[]): void => {
  const lists = sources.map(({ name }) => name.value);
  const unknown = typed.find((name) => !lists.includes(name));
  if (unknown !== undefined)
    throw failure("no-such-list", { list: unknown, lists, meant: suggest(unknown, lists) });
};

/** Milliseconds. */
const connectMs = 10_000;
const bodySilenceMs = 15_000;

const fetchPorts = (io: Io): FetchPorts => ({
  transport: createHttpTransport({ env: io.env, connectMs, bodySilenceMs }),
  explain: (thrown, url, timedOut) =>
    transportError(
      thrown,
      { host: hostInWords(url, io.env), ignored: ignoredCertificateVariable(io.env) },
      redact,
      timedOut,
    ).failure,
  signal: io.signal,
  userAgent: `dbt-ip-rules/${version}`,
});
