/** The generated pages are current, and the lists behind them are complete. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { helpExamples } from "../../src/cli/arguments/help.js";
import type { Io } from "../../src/cli/io.js";
import { wholeProgram } from "../../src/cli/run.js";
import { renderCommandsDocs } from "../docs/commands-page.js";
import { renderErrorsDocs } from "../docs/errors-page.js";
import { renderManPage } from "../docs/man-page.js";
import { dbtIpRules, longestLine } from "./world.js";

const silent = { write: () => true };
const io: Io = {
  env: {},
  cwd: "/",
  stdout: silent,
  stderr: silent,
  stdin: process.stdin,
  now: () => new Date(0),
  signal: new AbortController().signal,
  isInterrupted: () => false,
};
const program = await wholeProgram(io);

describe("the generated pages are current (update: npm run docs)", () => {
  it("docs/commands.md", async () => {
    await expect(renderCommandsDocs(program)).toMatchFileSnapshot("../../docs/commands.md");
  });
  it("docs/errors.md", async () => {
    await expect(renderErrorsDocs()).toMatchFileSnapshot("../../docs/errors.md");
  });
  it("docs/dbt-ip-rules.1", async () => {
    await expect(renderManPage(program)).toMatchFileSnapshot("../../docs/dbt-ip-rules.1");
  });
});

const canFormat = (() => {
  try {
    execFileSync("groff", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("docs/apply.md", () => {
  it("has every flag that overrides a guard", () => {
    const page = readFileSync("docs/apply.md", "utf8");
    const listed = [...page.matchAll(/^\| `[a-z-]+` \| .* \| `(--[a-z-]+)` \|$/gm)].map(
      ([, flag = ""]) => flag,
    );
    const apply = program.commands.find((command) => command.name() === "apply");
    const flags = apply?.options.flatMap(({ long }) =>
      /^--(?:allow|accept)-/.test(long ?? "") ? [long] : [],
    );
    expect(new Set(listed)).toEqual(new Set(flags));
  });
});

describe("docs/formats.md", () => {
  const page = readFileSync("docs/formats.md", "utf8");
  const rowsUnder = (head: string): string[][] =>
    (page.split(`\n${head} |`)[1] ?? "")
      .split("\n\n", 1)[0]
      ?.split("\n")
      .slice(2)
      .map((row) => [...row.matchAll(/`([a-z/-]+(?: [a-z]+)?)(?: FILE)?`/g)].map(([, word = ""]) => word)) ??
    [];

  it("has every document", () => {
    // Files that a command keeps for its own later runs are no reports; a receipt is in docs/apply.md.
    const kept = [
      "audit-cursor",
      "audit-export-job",
      "emulator-state",
      "plan-commit",
      "receipt",
      "unconfirmed",
    ];
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const made = sources.flatMap((name) =>
      [...readFileSync(`src/${name}`, "utf8").matchAll(/"dbt-ip-rules\/([a-z-]+)"/g)].map(
        ([, found = ""]) => found,
      ),
    );
    const reports = made.filter((name) => !kept.includes(name)).map((name) => `dbt-ip-rules/${name}`);
    const listed = rowsUnder("| document").map(([name]) => name);
    expect(new Set(listed)).toEqual(new Set(reports));
  });
});

describe("plan --help", () => {
  it("fits a screen, with --out on its first 24 lines and every flag by name", async () => {
    const { stdout } = await dbtIpRules({ cwd: "/", screen: true }, "plan", "--help");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(33);
    expect(lines.slice(0, 24).join("\n")).toMatch(/^ {2}--out <file>/m);
    const plan = program.commands.find((one) => one.name() === "plan");
    for (const { long } of plan?.options ?? []) expect(stdout).toContain(long);
  });
});

describe("the man page", () => {
  it.runIf(canFormat)("is one that groff formats without a warning", () => {
    const page = renderManPage(program);
    const ran = spawnSync("groff", ["-man", "-Tascii", "-ww", "-P-c"], { input: page, encoding: "utf8" });
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    // Bold is a letter struck over itself.
    const text = ran.stdout.replaceAll(/.\x08/g, "");
    expect(text).toContain("--detailed-exitcode");
    expect(text).toContain("EXIT STATUS");
  });
  it("has no request that is made of text", () => {
    const requests = renderManPage(program)
      .split("\n")
      .filter((line) => line.startsWith("."));
    for (const line of requests) expect(line).toMatch(/^\.(\\"|TH|SH|SS|TP|PP|nf|fi|RS|RE|B)( |$)/);
  });
});

describe("the examples of the help", () => {
  const paths = program.commands
    .flatMap((one) => [one.name(), ...one.commands.map((inner) => `${one.name()} ${inner.name()}`)])
    .filter((path) => !path.startsWith("__"));
  it("are there for every command, and for no other", () => {
    expect(Object.keys(helpExamples).toSorted()).toEqual(paths.toSorted());
  });
  it.each(paths)("fit a terminal of 80 columns, with all of the help: %s", async (path) => {
    const { stdout, code } = await dbtIpRules({ cwd: "/" }, ...path.split(" "), "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(longestLine(stdout)).toBeLessThanOrEqual(80);
  });
  it("name only options and commands that exist", () => {
    for (const [path, examples] of Object.entries(helpExamples)) {
      for (const [line] of examples) {
        expect(line.startsWith(path)).toBe(true);
        const words = line.split(" ");
        const [outer] = program.commands.filter((one) => one.name() === words[0]);
        const command = outer?.commands.find((one) => one.name() === words[1]) ?? outer;
        for (const flag of words.filter((word) => word.startsWith("-")))
          expect(command?.options.some(({ short, long }) => flag === short || flag === long)).toBe(true);
      }
    }
  });
});

describe("what the pages and examples tell to type", () => {
  const pages = [
    "README.md",
    "action.yml",
    ...readdirSync("docs", { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
    ...readdirSync("examples", { recursive: true, encoding: "utf8" })
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => `examples/${name}`),
  ];
  const paths = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string): void => {
    const flags = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
    paths.set(path, [...flags, "--help", "--version"]);
    for (const one of command.commands) visit(one, `${path} ${one.name()}`.trim());
  };
  visit(program, "");
  /** The longest command that the words begin with. */
  const commandOf = (words: readonly string[]): string =>
    [words.slice(0, 2).join(" "), words[0] ?? ""].find((path) => path !== "" && paths.has(path)) ?? "";
  const problemsOf = (line: string): string[] => {
    const [call = ""] = line.split(/ (?:&&|\|\||#) |[;`]/, 1);
    const words = call.trim().split(/ +/);
    const known = paths.get(commandOf(words)) ?? [];
    const flags = [...call.matchAll(/(?:^|[[\s:+])(--[a-z][a-z-]*)/g)].map(([, flag = ""]) => flag);
    return flags.filter((flag) => !known.includes(flag)).map((flag) => `${commandOf(words)} ${flag}`);
  };

  it.each(pages)("%s", (page) => {
    const text = readFileSync(page, "utf8");
    const typed = [...text.matchAll(/(?:dbt-ip-rules |"\$DBT_IP_RULES" |`)([a-z]+ [^`\n]*)/g)];
    const calls = typed.map(([, call = ""]) => call).filter((call) => commandOf(call.split(" ")) !== "");
    expect(calls.flatMap(problemsOf)).toEqual([]);
  });
});
