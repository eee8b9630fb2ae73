/**
 * The measurements. Each answers with rows: what was measured, against what, what came out, what the target is.
 * `reached` is absent where there is nothing to reach; `checks` are comparisons of results, which must all hold.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { caller, program, withAccount } from "./lib/emulator.mjs";
import { hashOfList } from "./lib/hash.mjs";
import { compare, median, output, peak, selfMeasured } from "./lib/measure.mjs";
import { data, root, work } from "./lib/setup.mjs";

const node = process.execPath;
const uncached = { NODE_DISABLE_COMPILE_CACHE: "1" };
const times = (ratio) => `${ratio.toFixed(2)}x`;
const milliseconds = (ms) => `${ms < 1000 ? ms.toFixed(0) : ms.toPrecision(4)} ms`;
const mebibytes = (amount) => `${amount.toFixed(0)} MiB`;

/** A ratio against the first command, by CPU time, or where the process waits for another by wall time. */
const ratioRow = (work, against, found, most, by = "cpu") => ({
  work,
  against,
  found: times(found[`${by}Ratio`]),
  detail: `${milliseconds(found.cpu)} CPU, ${milliseconds(found.wall)} wall (${times(found.wallRatio)})`,
  ...(most === undefined ? {} : { target: `<= ${most}x`, reached: found[`${by}Ratio`] <= most }),
});

/** Where Debian keeps them; pipelines behind a proxy hand such a file to Node, which reads it at every start. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

const withCertificates = (cli, runs) => {
  if (!existsSync(certificates)) return [];
  const env = { NODE_EXTRA_CA_CERTS: certificates };
  const found = compare(
    { nothing: { command: [node, "-e", "0"], env }, validate: { ...cli("validate"), env } },
    3 * runs,
  );
  const against = `node -e 0 (${milliseconds(found.nothing.cpu)})`;
  return [ratioRow("validate, sample policy, with NODE_EXTRA_CA_CERTS", against, found.validate, 1.4)];
};

const startUp = async ({ runs }) => {
  const cli = (...args) => ({ command: [node, program, ...args], cwd: root });
  const found = compare(
    {
      nothing: { command: [node, "-e", "0"] },
      version: cli("--version"),
      help: cli("--help"),
      validate: cli("validate"),
      uncached: { ...cli("validate"), env: uncached },
    },
    3 * runs,
  );
  const plan = await withAccount(100, (env) => {
    const command = [node, program, "plan", "--policy", data("policy-100.yaml")];
    return compare(
      {
        nothing: { command: [node, "-e", "0"] },
        cached: { command, env },
        uncached: { command, env: { ...env, ...uncached } },
        packages: { command: [node, work("packages-alone.mjs"), data("policy-100.yaml"), "66847"], env },
      },
      2 * runs,
    );
  });
  const against = `node -e 0 (${milliseconds(found.nothing.cpu)})`;
  return [
    ratioRow("--version", against, found.version, 1.15),
    ratioRow("--help", against, found.help, 1.15),
    ratioRow("validate, sample policy", against, found.validate, 1.4),
    ratioRow("validate, sample policy, first start (no code cache)", against, found.uncached),
    ...withCertificates(cli, runs),
    ratioRow("plan, 100 rules, local emulator", against, plan.cached, 3, "wall"),
    ratioRow("plan, 100 rules, local emulator, first start", against, plan.uncached, undefined, "wall"),
    ratioRow(
      "the same by yaml and undici alone: parse, get a page",
      against,
      plan.packages,
      undefined,
      "wall",
    ),
  ];
};

const onPath = (name) => process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, name)));

const mergeLines = ({ runs }) => {
  if (!onPath("iprange"))
    return [
      {
        work: "merge 1,000,000 IPv4 prefixes",
        against: "iprange",
        found: "skipped: iprange is not installed",
      },
    ];
  return [
    ["scattered", "hardly any merge"],
    ["dense", "most merge away"],
  ].map(([name, how]) => {
    const theirs = { command: ["iprange", data(`${name}.txt`)] };
    const ours = { command: [node, work("merge-lines.mjs"), data(`${name}.txt`)] };
    const [a, b] = [theirs, ours].map((command) => hashOfList(output(command).stdout));
    const found = compare({ theirs, ours }, runs);
    return {
      ...ratioRow(
        `merge 1,000,000 IPv4 prefixes, ${how}`,
        `iprange (${milliseconds(found.theirs.cpu)})`,
        found.ours,
        1.2,
      ),
      memory: mebibytes(peak(ours)),
      checks: [{ what: "same list", ours: b, theirs: a }],
    };
  });
};

const mergeMixed = ({ runs }) => {
  const file = data("mixed.txt");
  const theirs = { command: [node, work("merge-cidr-tools.mjs"), file] };
  const ours = { command: [node, work("merge-lines.mjs"), file] };
  const [a, b] = [theirs, ours].map((command) => hashOfList(output(command).stdout));
  const measured = selfMeasured(
    {
      theirs: { command: [...theirs.command, "--measure"] },
      ours: { command: [...ours.command, "--measure"] },
    },
    runs,
  );
  const pairs = (key) => median(measured.theirs.map((run, at) => run[key] / measured.ours[at][key]));
  const middle = (who, key) => median(measured[who].map((run) => run[key]));
  const against = `cidr-tools (${milliseconds(middle("theirs", "ms"))}, ${mebibytes(middle("theirs", "peak"))})`;
  const work_ = "merge 1,000,000 mixed prefixes, in process";
  const checks = [{ what: "same list", ours: b, theirs: a }];
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

const accessChange = ({ runs }) => {
  const files = [data("mixed.txt"), data("mixed-after.txt")];
  const command = { command: [node, work("access-change.mjs"), ...files] };
  const { ours } = compare({ ours: command }, runs);
  const memory = peak(command);
  const small = [data("small.txt"), data("small-after.txt")];
  const [before, after] = small;
  const hashes = (name, ...args) => hashOfList(output({ command: [node, work(name), ...args] }).stdout);
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
          ours: hashes("access-change.mjs", ...small, "--gained"),
          theirs: hashes("exclude-cidr-tools.mjs", after, before),
        },
        {
          what: "2,000 prefixes: who loses",
          ours: hashes("access-change.mjs", ...small, "--lost"),
          theirs: hashes("exclude-cidr-tools.mjs", before, after),
        },
      ],
    },
  ];
};

const lookup = ({ runs }) => {
  const checked = 100;
  const { ours } = selfMeasured(
    { ours: { command: [node, work("lookup.mjs"), data("mixed.txt"), "1000000", String(checked)] } },
    runs,
  );
  const { theirs } = selfMeasured(
    { theirs: { command: [node, work("lookup-block-list.mjs"), data("mixed.txt"), String(checked)] } },
    1,
  );
  const found = median(ours.map(({ microseconds }) => microseconds));
  return [
    {
      work: "lookup in a map of 1,000,000 entries",
      against: `BlockList (${theirs[0].microseconds.toFixed(0)} us, one run of ${checked})`,
      found: `${found.toFixed(2)} us`,
      target: "<= 0.5 us",
      reached: found <= 0.5,
      checks: [{ what: `${checked} verdicts`, ours: ours[0].hash, theirs: theirs[0].hash }],
    },
  ];
};

const bigPolicy = ({ runs }) => {
  const file = data("policy-10000.yaml");
  const theirs = {
    command: [node, work("validate-js-yaml.mjs"), file, join(root, "schemas", "policy.schema.json")],
  };
  const ours = { command: [node, program, "validate", "--policy", file] };
  const packages = { command: [node, work("packages-alone.mjs"), file] };
  const found = compare({ theirs, ours, packages }, runs);
  const memory = peak(ours);
  const against = `js-yaml + ajv (${milliseconds(found.theirs.cpu)})`;
  const row = ratioRow("validate a policy of 10,000 rules", against, found.ours, 2);
  return [
    {
      ...row,
      memory: mebibytes(memory),
      target: `${row.target}, <= 300 MiB`,
      reached: row.reached && memory <= 300,
    },
    ratioRow("the same by yaml alone: parse", against, found.packages),
  ];
};

/** Method and path of each call that `--debug` traces. */
const callsOf = (text) =>
  [...text.matchAll(/^http: (\S+) (\S+)/gm)].map(
    ([, method, url]) => `${method} ${new URL(url).pathname.replace(/\/accounts\/\d+/, "")}`,
  );

const counted = (calls) => {
  const counts = new Map();
  for (const call of calls) {
    const kind = call.replace(/\/\d+\/?$/, "/ID/");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
};

const apiCalls = async () => {
  const rows = [];
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
    const { stderr, stdout } = output({
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
    const steps = callsOf(stderr).filter((call) => !call.startsWith("GET")).length;
    rows.push({
      work: "API calls of an apply, 100 rules, every tenth changes",
      against: "one per step, plus reads",
      found: counted(callsOf(stderr)),
      detail: `${steps} writes; docs/apply.md says which reads and why`,
      text: stdout.toString(),
    });
  });
  return rows.map(({ text: _, ...row }) => row);
};

const growth = async ({ runs }) => {
  const rows = [];
  let smaller;
  for (const rules of [100, 1_000, 10_000])
    await withAccount(rules, (env) => {
      const command = {
        command: [node, program, "plan", "--policy", data(`policy-${rules}.yaml`)],
        env,
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

export const measurements = {
  startUp,
  mergeLines,
  mergeMixed,
  accessChange,
  lookup,
  bigPolicy,
  apiCalls,
  growth,
};
