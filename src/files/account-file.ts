/**
 * Reads an account from a file, as `show --format json` prints it: for a plan of an account that this machine cannot or
 * should not call.
 */
import { parsePrefix } from "../address/prefix.js";
import { validateAccount } from "../generated/validators.js";
import { failure } from "../model/failure.js";
import { present } from "../model/present.js";
import type { Enforcement, RuleType } from "../model/rule.js";
import type { Snapshot, SnapshotEntry, SnapshotRule } from "../model/snapshot.js";
import { reasonOf } from "./io-errors.js";
import { largest, readNamedText } from "./read-file.js";

interface AccountEntry {
  readonly id: number;
  readonly cidr: string;
  readonly text: string;
}

/** As schemas/account.schema.json has it. */
interface AccountDocument {
  readonly version: number;
  readonly account: { readonly id: number; readonly host: string };
  readonly enforcement: Enforcement;
  readonly rule_set_id?: number;
  readonly enabled_for_service_tokens?: boolean;
  readonly rules: readonly {
    readonly id: number;
    readonly name: string;
    readonly type: RuleType;
    readonly description: string;
    readonly entries: readonly AccountEntry[];
    readonly disabled_entries?: readonly AccountEntry[];
  }[];
}

/** Throws `Failure` where the file cannot be read, or is no such account. */
export const readAccountFile = (cwd: string, file: string): Snapshot => {
  const unusable = (problem: string, cause?: unknown) =>
    failure("account-file-unusable", { file, problem }, { cause });
  let value: unknown;
  try {
    value = JSON.parse(readNamedText(cwd, file, { most: largest.document }));
  } catch (cause) {
    const problem = cause instanceof SyntaxError ? "is not JSON" : `cannot be read: ${reasonOf(cause)}`;
    throw unusable(problem, cause);
  }
  if (!isAccount(value)) throw unusable("is not an account as `show --format json` prints it");
  const { account, enforcement } = value;
  return {
    accountId: account.id,
    host: account.host,
    enforcement,
    ...present({ ruleSetId: value.rule_set_id, enabledForServiceTokens: value.enabled_for_service_tokens }),
    rules: value.rules.map(
      ({ id, name, type, description, entries, disabled_entries: disabled }): SnapshotRule => {
        const read = (all: readonly AccountEntry[]): SnapshotEntry[] =>
          all.map(
            (entry) =>
              entryOf(entry) ?? raise(unusable(`has a range that is none: ${JSON.stringify(entry.cidr)}`)),
          );
        return {
          ...{ id, name, type, description, entries: read(entries) },
          ...(disabled && { disabled: read(disabled) }),
        };
      },
    ),
  };
};

// The schema describes exactly the type.
const isAccount = (value: unknown): value is AccountDocument => validateAccount(value);

const entryOf = ({ id, cidr, text }: AccountEntry): SnapshotEntry | undefined => {
  const parsed = parsePrefix(cidr);
  return parsed.ok ? { id, prefix: parsed.prefix, text } : undefined;
};

const raise = (error: Error): never => {
  throw error;
};
