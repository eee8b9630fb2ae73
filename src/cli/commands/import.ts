/** `import`: the account's rules as a policy that plans to nothing. Never overwrites a file. */
import { existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { Command } from "commander";
import { readPolicyBytes } from "../../files/load-policy.js";
import { isStandardInput } from "../../files/read-file.js";
import { writeWhole } from "../../files/write-file.js";
import { hasErrors } from "../../model/diagnostic.js";
import { visible } from "../../model/escape.js";
import { exitCodes, Failure, failure } from "../../model/failure.js";
import { redact } from "../../model/secrets.js";
import { policyFlag } from "../../model/shell.js";
import type { Snapshot } from "../../model/snapshot.js";
import { counted } from "../../model/words.js";
import { mergeIntoPolicy } from "../../policy/add-to-policy.js";
import { modeline, policyFromSnapshot } from "../../policy/import-policy.js";
import { parsePolicy } from "../../policy/parse-policy.js";
import type { Report } from "../../report/report.js";
import { accountOf, connectionOf, type NamedAccount } from "../accounts.js";
import { type ConnectionOptions, connectionOptions, debugOptions } from "../arguments/options.js";
import { type Program, runs } from "../command.js";
import { readAccount, withClient } from "../connect.js";
import { type Io, note, noteDiagnostics } from "../io.js";
import { schemaFile } from "../package.js";
import { type DraftOptions, draftOptions, readDraft } from "./import-traffic.js";

interface Options extends ConnectionOptions, DraftOptions {
  readonly output?: string;
  readonly merge?: string;
  readonly group?: boolean;
  readonly color: boolean;
}

export const configure = (command: Command, io: Io, program: Program): void => {
  const own = debugOptions(
    connectionOptions(command)
      .option(
        "-o, --output <file>",
        "write the policy here; fails if the file exists (default: standard output)",
      )
      .option("--merge <file>", "add to this policy, in place, the rules that it lacks, keeping its comments")
      .option("--group", "turn sets of prefixes that several rules share into networks"),
  );
  draftOptions(own, io);
  runs(command, io, program, importOne);
};

const importOne = (io: Io, options: Options): Promise<Report> => {
  if (options.fromTraffic !== undefined) return importTraffic(io, options, options.fromTraffic);
  const needless = (["from", "columns", "holdOut", "maxExtra"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (needless !== undefined) throw failure("bad-option", { kind: "only-from-traffic" });
  return options.merge === undefined ? importNew(io, options) : mergeInto(io, options.merge, options);
};

/** A draft is to be read: what was left out of the log, what it admits and whom it cuts off is said next to it. */
const importTraffic = async (io: Io, options: Options, since: string): Promise<Report> => {
  if (options.output !== undefined) await mustNotExist(io, options.output);
  const { draft, missing } = await readDraft(io, options, since);
  const schema = schemaFrom(io, options.output);
  const text = withoutToken(`${modeline(schema.path)}\n${draft.text}`);
  if (options.output === undefined) io.stdout.write(text);
  else {
    await mustNotExist(io, options.output);
    await writeWhole(io, options.output, text);
  }
  noteDiagnostics(io, missing, options);
  const next =
    options.output === undefined
      ? []
      : [
          ...schemaNotes(schema),
          `${visible(options.output)} is a draft. Next: dbt-ip-rules replay${policyFlag(options.output)}`,
        ];
  return {
    kind: "done",
    exitCode: missing.length === 0 ? exitCodes.done : exitCodes.error,
    notes: [draft.summary, ...next],
  };
};

const done = (...notes: readonly string[]): Report => ({ kind: "done", exitCode: exitCodes.done, notes });

/** Redacted, it would be another policy: one whose plan renames rules, or deletes them and creates them anew. */
const withoutToken = (text: string): string => {
  if (redact(text) === text) return text;
  throw failure("token-in-import");
};

const importNew = async (io: Io, options: Options): Promise<Report> => {
  if (options.output !== undefined) await mustNotExist(io, options.output);
  const snapshot = await readFrom(io, options);
  if (snapshot.rules.length === 0) note(io, noRules);
  const schema = schemaFrom(io, options.output);
  const imported = policyFromSnapshot(snapshot, { group: options.group === true, schema: schema.path });
  const text = withoutToken(imported);
  if (options.output === undefined) {
    io.stdout.write(text);
    return done();
  }
  await mustNotExist(io, options.output);
  await writeWhole(io, options.output, text);
  return done(
    ...schemaNotes(schema),
    `${visible(options.output)} holds the account's rules. Next: dbt-ip-rules plan${policyFlag(options.output)}`,
  );
};

const noRules =
  "The account has no rules. To draft them from the addresses that people and tokens use: dbt-ip-rules import --from-traffic 90d";

/** The schemas of a policy that an editor may find: the copy of `init`, and the package's own. */
const schemaFiles = [schemaFile, "node_modules/dbt-ip-rules/schemas/policy.schema.json"] as const;

/** The schema that is there, or else the one that `init` writes, as seen from the policy's folder. */
const schemaFrom = (
  io: Pick<Io, "cwd">,
  policy: string | undefined,
): { readonly path: string; readonly isThere: boolean } => {
  const found = schemaFiles.find((file) => existsSync(resolve(io.cwd, file)));
  const folder = policy === undefined ? io.cwd : dirname(resolve(io.cwd, policy));
  const path = relative(folder, resolve(io.cwd, found ?? schemaFile)).replaceAll("\\", "/");
  return { path, isThere: found !== undefined };
};

const schemaNotes = ({ isThere }: { readonly isThere: boolean }): readonly string[] =>
  isThere
    ? []
    : ["The first line names a schema for editors, which is not here yet: dbt-ip-rules init writes it"];

const mergeInto = async (io: Io, file: string, options: Options): Promise<Report> => {
  if (options.output !== undefined || options.group === true)
    throw failure("bad-option", {
      kind: "merge-and",
      option: options.output === undefined ? "--group" : "--output",
    });
  if (isStandardInput(file)) throw failure("bad-option", { kind: "merge-standard-input" });
  const { before, account } = readTarget(io, file);
  const snapshot = await readFrom(io, options, { account });
  const merged = mergeIntoPolicy(before, snapshot);
  if (merged.added.length === 0) return done(`${visible(file)} names every rule of the account already.`);
  await writeWhole(io, file, redact(before) === before ? withoutToken(merged.text) : merged.text);
  return done(
    `${visible(file)} was given ${counted(merged.added.length, "rule")} that it lacked. Next: dbt-ip-rules plan${policyFlag(file)}`,
  );
};

/** The policy as it is, and the account it names. Throws `Failure` with all of its problems. */
const readTarget = (io: Io, file: string) => {
  const bytes = readPolicyBytes(io, file);
  const { parsed, diagnostics } = parsePolicy(bytes, file);
  if (parsed === undefined || hasErrors(diagnostics)) throw new Failure(diagnostics);
  return {
    before: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
    account: accountOf(parsed.raw),
  };
};

const readFrom = async (io: Io, options: Options, policy?: NamedAccount): Promise<Snapshot> => {
  const connection = connectionOf(io, options, policy);
  const { snapshot, diagnostics } = await withClient(io, options, connection, readAccount);
  noteDiagnostics(io, diagnostics, options);
  return snapshot;
};

const mustNotExist = async (io: Io, file: string): Promise<void> => {
  const exists = await access(resolve(io.cwd, file)).then(
    () => true,
    () => false,
  );
  if (exists) throw failure("file-exists", { file, by: "import" });
};
