/** `import --from-traffic`: a draft of a first policy from the traffic on record. Reads the log, not the rules. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { mostCovered } from "../../address/cover.js";
import type { PageReader } from "../../audit/list-events.js";
import type { Diagnostic } from "../../model/diagnostic.js";
import { failure } from "../../model/failure.js";
import { present } from "../../model/present.js";
import { dayMs } from "../../model/time.js";
import { draftPolicy, type PolicyDraft } from "../../plan/draft-policy.js";
import type { Traffic } from "../../plan/replay.js";
import {
  type ConnectionOptions,
  type DebugOptions,
  fileOptions,
  lengthOption,
  type TrafficOptions,
  windowOption,
} from "../arguments/options.js";
import type { Io } from "../io.js";
import { logConnection, readSplitTraffic, readTraffic, withClientIf } from "../traffic.js";

export interface DraftOptions
  extends ConnectionOptions,
    DebugOptions,
    Pick<TrafficOptions, "from" | "columns"> {
  /** ISO 8601 UTC: where the window begins. */
  readonly fromTraffic?: string;
  /** ISO 8601 UTC: where the weeks begin that are held out. */
  readonly holdOut?: string;
  readonly maxExtra?: number;
}

const extraCount = (text: string): number => {
  const count = Number(text.replaceAll(",", ""));
  if (!/^[\d,]+$/.test(text) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError("Give a whole number of addresses, such as 256.");
  return count;
};

const holdOutTime = lengthOption({ most: 366 * dayMs, tooLong: "the log is not kept for longer" });

export const draftOptions = (command: Command, io: Io): Command =>
  fileOptions(
    command
      .addOption(
        new Option(
          "--from-traffic <when>",
          "draft a policy from the addresses on record since then (90d), instead of the account's rules",
        )
          .argParser(windowOption(io))
          .conflicts(["merge", "group"]),
      )
      .addOption(
        new Option(
          "--hold-out <time>",
          "leave out the newest part of the log (14d), and show whom in it the draft would cut off",
        ).argParser((text) => new Date(io.now().getTime() - holdOutTime(text)).toISOString()),
      )
      .addOption(
        new Option(
          "--max-extra <count>",
          "how many addresses the draft may allow that nobody has used (default: 0)",
        ).argParser(extraCount),
      ),
  );

interface ReadDraft {
  readonly draft: PolicyDraft;
  /** Which parts of the log could not be read. */
  readonly missing: readonly Diagnostic[];
}

/** Throws `Failure` where the log cannot be read, or no address on record would be an entry. */
export const readDraft = async (io: Io, options: DraftOptions, since: string): Promise<ReadDraft> => {
  const { from, columns, holdOut, maxExtra: mostExtra = 0 } = options;
  const source: TrafficOptions = { since, ...present({ from, columns }) };
  const connection = logConnection(io, { ...options, ...source });
  const account = connection && { id: connection.accountId, host: connection.host };
  return withClientIf(io, options, connection, async (client) => {
    const { traffic, heldOut, missing } = await readWindows(io, source, client, holdOut);
    const addresses = traffic.actors.reduce((sum, one) => sum + one.addresses.length, 0);
    if (addresses > mostCovered)
      throw failure("draft-impossible", { kind: "too-many", addresses, most: mostCovered });
    const draft = draftPolicy({ traffic, mostExtra, ...present({ heldOut, account }) });
    if (draft === undefined) throw failure("draft-impossible", { kind: "nothing" });
    const { formatPolicy } = await import("../../policy/format-policy.js");
    return { draft: { ...draft, text: formatPolicy(draft.text) }, missing };
  });
};

/** The window that the draft is made of, and the weeks that it is tried on, where some are held out. */
const readWindows = async (
  io: Io,
  source: TrafficOptions,
  client: PageReader | undefined,
  holdOut: string | undefined,
): Promise<{
  readonly traffic: Traffic;
  readonly heldOut?: Traffic;
  readonly missing: readonly Diagnostic[];
}> => {
  if (holdOut === undefined) return readTraffic(io, source, client, "from-traffic");
  const { early, late, missing } = await readSplitTraffic(io, source, client, holdOut);
  return { traffic: early, heldOut: late, missing };
};
