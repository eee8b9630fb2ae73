/**
 * The measurements. Each answers with rows: what was measured, against what, what came out, what the target is.
 * `reached` is absent where there is nothing to reach; `checks` are comparisons of results, which must all hold.
 */
import { existsSync } from "node:fs";
import nodeModule from "node:module";
import { delimiter, join } from "node:path";
import { caller, program, withAccount } from "./lib/emulator.js";
import { hashOfList } from "./lib/hash.js";
import {
  type Command,
  type Compared,
  compare,
  figures,
  median,
  output,
  peak,
  selfMeasured,
} from "./lib/measure.js";
import { data, root, work } from "./lib/setup.js";

export interface Row {
  readonly work: string;
  readonly against: string;
  readonly found: string;
  readonly detail?: string;
  readonly memory?: string;
  readonly target?: string;
  readonly reached?: boolean;
  readonly checks?: readonly { readonly what: string; readonly ours: string; readonly theirs: string }[];
}

/** `runs`: how many fresh processes of each command. */
interface Settings {
  readonly runs: number;
}

/** A program of `work/` measured itself: CPU time in ms, peak memory in MiB. */
interface Merged {
  readonly ms: number;
  readonly peak: number;
}

/** The same: CPU time of one lookup, and a hash of the first answers. */
interface LookedUp {
  readonly microseconds: number;
  readonly hash: string;
}

const node = process.execPath;
const keepsCode = "enableCompileCache" in nodeModule;
/** Every start compiles, as the first does. */
const uncached = { NODE_DISABLE_COMPILE_CACHE: "1" };
const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
const milliseconds = (ms: number): string => `${ms < 1000 ? ms.toFixed(0) : ms.toPrecision(4)} ms`;
const mebibytes = (amount: number): string => `${amount.toFixed(0)} MiB`;

/** A ratio against the first command, by CPU time, or where the process waits for another by wall time. */
const ratioRow = (
  work: string,
  against: string,
  found: Compared,
  most?: number,
  by: "cpu" | "wall" = "cpu",
): Row => ({
  work,
  against,
  found: times(found[`${by}Ratio`]),
  detail: `${milliseconds(found.cpu)} CPU, ${milliseconds(found.wall)} wall (${times(found.wallRatio)})`,
  ...(most === undefined ? {} : { target: `<= ${most}x`, reached: found[`${by}Ratio`] <= most }),
});

/** Where Debian keeps them; pipelines behind a proxy hand such a file to Node, which reads it at every start. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

const withCertificates = (cli: (...args: string[]) => Command, runs: number): Row[] => {
  if (!existsSync(certificates)) return [];
  const env = { NODE_EXTRA_CA_CERTS: certificates, ...uncached };
  const found = compare(
    { nothing: { command: [node, "-e", "0"], env }, validate: { ...cli("validate"), env } },
    3 * runs,
  );
  const against = `node -e 0 (${milliseconds(found.nothing.cpu)})`;
  return [ratioRow("validate, sample policy, with NODE_EXTRA_CA_CERTS", against, found.validate, 1.4)];
};

const startUp = async ({ runs }: Settings): Promise<Row[]> => {
  const cli = (...args: string[]): Command => ({
    command: [node, program, ...args],
    cwd: root,
    env: uncached,
  });
  const found = compare(
    {
      nothing: { command: [node, "-e", "0"] },
      version: cli("--version"),
      help: cli("--help"),
      validate: cli("validate"),
      kept: { ...cli("validate"), env: {} },
    },
    3 * runs,
  );
  const plan = await withAccount(100, (env) => {
    const command: Command["command"] = [node, program, "plan", "--policy", data("policy-100.yaml")];
    return compare(
      {
        nothing: { command: [node, "-e", "0"] },
        compiled: { command, env: { ...env, ...uncached } },
        kept: { command, env },
        packages: { command: [node, work("work/packages-alone"), data("policy-100.yaml"), "66847"], env },
      },
      2 * runs,
    );
  });
  const against = `node -e 0 (${milliseconds(found.nothing.cpu)})`;
  const kept = (work: string, one: Compared, by: "cpu" | "wall"): Row[] =>
    keepsCode ? [ratioRow(`${work}, with compiled code kept`, against, one, undefined, by)] : [];
  return [
    ratioRow("--version", against, found.version, 1.15),
    ratioRow("--help", against, found.help, 1.15),
    ratioRow("validate, sample policy", against, found.validate, 1.4),
    ...kept("validate, sample policy", found.kept, "cpu"),
    ...withCertificates(cli, runs),
    ratioRow("plan, 100 rules, local emulator", against, plan.compiled, 3, "wall"),
    ...kept("plan, 100 rules, local emulator", plan.kept, "wall"),
    ratioRow(
      "the same by yaml and undici alone: parse, get a page",
      against,
      plan.packages,
      undefined,
      "wall",
    ),
  ];
};

const onPath = (name: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));

const sameList = (ours: Command, theirs: Command) => ({
  what: "same list",
  ours: hashOfList(output(ours).stdout),
  theirs: hashOfList(output(theirs).stdout),
});

const mergeLines = ({ runs }: Settings): Row[] => {
  if (!onPath("iprange"))
    return [
      {
        work: "merge 1,000,000 IPv4 prefixes",
        against: "iprange",
        found: "skipped: iprange is not installed",
      },
    ];
  return Object.entries({ scattered: "hardly any merge", dense: "most merge away" }).map(([name, how]) => {
    const theirs: Command = { command: ["iprange", data(`${name}.txt`)] };
    const ours: Command = { command: [node, work("work/merge-lines"), data(`${name}.txt`)] };
    const found = compare({ theirs, ours }, runs);
    return {
      ...ratioRow(
        `merge 1,000,000 IPv4 prefixes, ${how}`,
        `iprange (${milliseconds(found.theirs.cpu)})`,
        found.ours,
        1.2,
      ),
      memory: mebibytes(peak(ours)),
      checks: [sameList(ours, theirs)],
    };
  });
};

const mergeMixed = ({ runs }: Settings): Row[] => {
  const file = data("mixed.txt");
  const theirs: Command = { command: [node, work("work/merge-cidr-tools"), file] };
  const ours: Command = { command: [node, work("work/merge-lines"), file] };
  const measured = selfMeasured<Merged>(
    {
      theirs: { command: [...theirs.command, "--measure"] },
      ours: { command: [...ours.command, "--measure"] },
    },
    runs,
  );
  const pairs = (key: keyof Merged): number =>
    median(measured.theirs.map((run, at) => run[key] / measured.ours[at]![key]));
  const middle = (who: "theirs" | "ours", key: keyof Merged): number =>
    median(measured[who].map((run) => run[key]));
  const against = `cidr-tools (${milliseconds(middle("theirs", "ms"))}, ${mebibytes(middle("theirs", "peak"))})`;
  const work_ = "merge 1,000,000 mixed prefixes, in process";
  const checks = [sameList(ours, theirs)];
  return [
    {
      work: work_,
      against,
      found: `${pairs("ms").toFixed(1)}x faster`,
      detail: milliseconds(middle("ours", "ms")),
      target: ">= 4x faster",
      reached: pairs("ms") >= 4,
      checks,
    },
    {
      work: `${work_}: peak memory of the process`,
      against,
      found: `1/${pairs("peak").toFixed(1)}`,
      detail: mebibytes(middle("ours", "peak")),
      target: "<= 1/4",
      reached: pairs("peak") >= 4,
    },
  ];
};

const accessChange = ({ runs }: Settings): Row[] => {
  const files = [data("mixed.txt"), data("mixed-after.txt")];
  const command: Command = { command: [node, work("work/access-change"), ...files] };
  const { ours } = compare({ ours: command }, runs);
  const memory = peak(command);
  const [before, after] = [data("small.txt"), data("small-after.txt")];
  const hashes = (name: string, ...args: readonly string[]): string =>
    hashOfList(output({ command: [node, work(name), ...args] }).stdout);
  return [
    {
      work: "plan between two sets of 1,000,000 mixed prefixes, whole process",
      against: "one core",
      found: milliseconds(ours.cpu),
      detail: `${milliseconds(ours.wall)} wall`,
      memory: mebibytes(memory),
      target: "<= 1200 ms, <= 320 MiB",
      reached: ours.cpu <= 1200 && memory <= 320,
      checks: [
        {
          what: "2,000 prefixes: who gains",
          ours: hashes("work/access-change", before, after, "--gained"),
          theirs: hashes("work/exclude-cidr-tools", after, before),
        },
        {
          what: "2,000 prefixes: who loses",
          ours: hashes("work/access-change", before, after, "--lost"),
          theirs: hashes("work/exclude-cidr-tools", before, after),
        },
      ],
    },
  ];
};

const lookup = ({ runs }: Settings): Row[] => {
  const checked = 100;
  const command: Command = {
    command: [node, work("work/lookup"), data("mixed.txt"), "1000000", String(checked)],
  };
  const ours = Array.from({ length: runs }, () => figures<LookedUp>(command));
  const theirs = figures<LookedUp>({
    command: [node, work("work/lookup-block-list"), data("mixed.txt"), String(checked)],
  });
  const found = median(ours.map(({ microseconds }) => microseconds));
  return [
    {
      work: "lookup in a map of 1,000,000 entries",
      against: `BlockList (${theirs.microseconds.toFixed(0)} us, one run of ${checked})`,
      found: `${found.toFixed(2)} us`,
      target: "<= 0.5 us",
      reached: found <= 0.5,
      checks: [{ what: `${checked} verdicts`, ours: ours[0]?.hash ?? "", theirs: theirs.hash }],
    },
  ];
};

const bigPolicy = ({ runs }: Settings): Row[] => {
  const file = data("policy-10000.yaml");
  const theirs: Command = {
    command: [node, work("work/validate-js-yaml"), file, join(root, "schemas", "policy.schema.json")],
  };
  const ours: Command = { command: [node, program, "validate", "--policy", file], env: uncached };
  const packages: Command = { command: [node, work("work/packages-alone"), file] };
  const found = compare({ theirs, ours, packages }, runs);
  const memory = peak(ours);
  const against = `js-yaml + ajv (${milliseconds(found.theirs.cpu)})`;
  const row = ratioRow("validate a policy of 10,000 rules", against, found.ours, 2);
  return [
    {
      ...row,
      memory: mebibytes(memory),
      target: `${row.target}, <= 300 MiB`,
      reached: row.reached === true && memory <= 300,
    },
    ratioRow("the same by yaml alone: parse", against, found.packages),
  ];
};

/** Method and path of each call that `--debug` traces. */
const callsOf = (text: string): string[] =>
  [...text.matchAll(/^http: (\S+) (\S+)/gm)].map(
    ([, method = "", url = ""]) => `${method} ${new URL(url).pathname.replace(/\/accounts\/\d+/, "")}`,
  );

const counted = (calls: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const call of calls) {
    const kind = call.replace(/\/\d+\/?$/, "/ID/");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
};

const apiCalls = async (): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const rules of [100, 1_000, 10_000])
    await withAccount(rules, (env) => {
      const { stderr } = output({
        command: [node, program, "plan", "--debug", "--policy", data(`policy-${rules}.yaml`)],
        env,
        codes: [0, 3],
      });
      const calls = callsOf(stderr);
      const pages = Math.ceil(rules / 100);
      rows.push({
        work: `API calls of a plan, ${rules} rules`,
        against: "pages of 100",
        found: counted(calls),
        target: `${pages} list calls, nothing else`,
        reached: calls.length === pages && new Set(calls).size === 1,
      });
    });
  await withAccount(100, (env) => {
    const { stderr } = output({
      command: [
        node,
        program,
        "apply",
        "--auto-approve",
        "--client-ip",
        caller,
        "--debug",
        "--policy",
        data("policy-100.yaml"),
      ],
      env,
      cwd: data(""),
    });
    const calls = callsOf(stderr);
    const steps = calls.filter((call) => !call.startsWith("GET")).length;
    rows.push({
      work: "API calls of an apply, 100 rules, every tenth changes",
      against: "one per step, plus reads",
      found: counted(calls),
      detail: `${steps} writes; docs/apply.md says which reads and why`,
      target: "<= 2.5 calls a step",
      reached: calls.length <= 2.5 * steps,
    });
  });
  return rows;
};

const growth = async ({ runs }: Settings): Promise<Row[]> => {
  const rows: Row[] = [];
  let smaller: number | undefined;
  for (const rules of [100, 1_000, 10_000])
    await withAccount(rules, (env) => {
      const command: Command = {
        command: [node, program, "plan", "--policy", data(`policy-${rules}.yaml`)],
        env: { ...env, ...uncached },
        codes: [0, 3],
      };
      const { ours } = compare({ ours: command }, runs);
      const memory = peak(command);
      rows.push({
        work: `plan end to end, ${rules} rules, every tenth changes`,
        against: smaller === undefined ? "" : `ten times the rules: ${times(ours.cpu / smaller)}`,
        found: `${milliseconds(ours.cpu)} CPU`,
        detail: `${milliseconds(ours.wall)} wall`,
        memory: mebibytes(memory),
        ...(smaller === undefined ? {} : { target: "linear (<= 10x)", reached: ours.cpu <= 10 * smaller }),
      });
      smaller = ours.cpu;
    });
  return rows;
};

const logs = [
  { file: "events-7.csv", what: "CSV", reader: "csv-parse", bounded: true },
  { file: "events-7.ndjson", what: "NDJSON", reader: "readline + JSON.parse", bounded: true },
  {
    file: "pairs-8.ndjson",
    what: "NDJSON, 500,000 pairs of person and address",
    reader: "readline + JSON.parse",
    bounded: false,
  },
] as const;

const replayed = ({ runs }: Settings): Row[] =>
  logs.map(({ file, what, reader, bounded }) => {
    const theirs: Command = { command: [node, work("work/parse-events"), data(file)] };
    const replay = (format: "text" | "json"): Command => ({
      command: [
        node,
        ...[program, "replay", data("events.yaml"), "--format", format],
        ...["--since", "2026-01-01", "--until", "2026-03-31", "--from", data(file)],
      ],
      env: uncached,
    });
    const ours = replay(bounded ? "json" : "text");
    const found = compare({ theirs, ours }, runs);
    const memory = peak(ours);
    const { events } = JSON.parse(String(output(replay("json")).stdout)) as { events: { read: number } };
    return {
      work: `replay 1,000,000 events, ${what}`,
      against: `${reader} alone (${milliseconds(found.theirs.cpu)})`,
      found: times(found.ours.cpuRatio),
      detail: `${milliseconds(found.ours.cpu)} CPU, ${milliseconds(found.ours.wall)} wall (${times(found.ours.wallRatio)})`,
      memory: mebibytes(memory),
      ...(bounded
        ? { target: "<= 5000 ms, <= 200 MiB", reached: found.ours.wall <= 5000 && memory <= 200 }
        : {}),
      checks: [{ what: "events read", ours: `${events.read}\n`, theirs: String(output(theirs).stdout) }],
    };
  });

/** By the name that `--only` takes. */
export const measurements: ReadonlyMap<string, (settings: Settings) => Row[] | Promise<Row[]>> = new Map(
  Object.entries({
    startUp,
    mergeLines,
    mergeMixed,
    accessChange,
    lookup,
    bigPolicy,
    apiCalls,
    growth,
    replayed,
  }),
);
