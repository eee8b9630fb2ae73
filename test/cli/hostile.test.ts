/** What others wrote (names of files, words of the service) never reaches the terminal as anything but text. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { reportFailure } from "../../src/cli/outcome.js";
import { failureOf } from "../../src/model/failure.js";
import { shellWord } from "../../src/model/shell.js";
import { dbtIpRules, newAccount, newFolder } from "./world.js";

/** A name that forges a workflow command, clears the screen, and breaks an unquoted command line. */
const forging = "a'\n::warning file=x::forged\n\x1b[2J b.yaml";
const crooked = "version:   1\nrules: []\n";

const expectClean = (text: string): void => {
  expect(text).not.toContain("\x1b");
  expect(text.split("\n").filter((line) => /^\s*(::|##\[)/.test(line))).toEqual([]);
};

describe.skipIf(process.platform === "win32")("a file's name", () => {
  it("is shown as text by fmt, whatever it says of it", async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, forging), crooked);
    for (const [flags, code] of [
      [["--check", forging], 2],
      [[forging], 0],
      [["--check", forging], 0],
      [["--check", "-p", forging, "-p", "none\n::error::x"], 1],
    ] as const) {
      const ran = await dbtIpRules({ cwd }, "fmt", ...flags);
      expect(ran.code).toBe(code);
      expect(ran.stderr).toContain("forged");
      expectClean(ran.stderr + ran.stdout);
    }
  });

  it("is shown as text by import, plan, init, apply and show", async () => {
    const emulator = await newAccount(81, {
      enabled: false,
      rules: [{ name: "A", type: "allow", cidrs: ["203.0.113.0/24"] }],
    });
    const cwd = await newFolder();
    const account = ["--host", emulator.url, "--account", "81"];
    await writeFile(join(cwd, "merged\n::error::x.yaml"), "version: 1\nrules: []\n");
    await mkdir(join(cwd, "sub"));
    for (const line of [
      ["import", ...account, "-o", forging],
      ["import", ...account, "-o", forging],
      ["import", ...account, "--merge", "merged\n::error::x.yaml"],
      ["import", ...account, "--merge", "merged\n::error::x.yaml"],
      ["plan", ...account, "-p", forging, "--out", `${forging}.json`],
      ["show", `${forging}.json`],
      ["show", forging],
      ["apply", forging, "--auto-approve", ...account],
      ["apply", "-p", forging, "--auto-approve", ...account, "--receipt", `${forging}.jsonl`],
      ["plan", ...account, "-p", forging, "-p", "x\n::error::y", "-f", "json"],
      ["init", "-p", `sub/${forging}`, "--ci", "none"],
      ["emulator", "--account", "1", "--token", "t", "--fault", "\x1b[2J\n::error::x"],
    ]) {
      const ran = await dbtIpRules({ cwd }, ...line);
      expectClean(ran.stderr + ran.stdout);
    }
  });

  it("is one word in a command to type", () => {
    for (const name of ["policy.yaml", "a b", "it's", "$(id)", "`id`", "-f", "a;b", "ä", "a\\b", ""]) {
      const printed = execFileSync("sh", ["-c", `printf %s ${shellWord(name)}`], { encoding: "utf8" });
      expect(printed).toBe(name);
    }
    expect(shellWord("policies/eu.yaml")).toBe("policies/eu.yaml");
  });
});

describe("what is offered for typing, or printed for a file", () => {
  it("quotes the policy's name in every format of a plan", async () => {
    const emulator = await newAccount(82, { enabled: false, rules: [] });
    const cwd = await newFolder();
    const name = "a$(touch x) `id`.yaml";
    await writeFile(
      join(cwd, name),
      "version: 1\nrules: [{name: A, type: allow, cidrs: [10.0.0.1, 10.0.0.0/8]}]\n",
    );
    const place = ["--host", emulator.url, "--account", "82", "-p", name];
    const command = /dbt-ip-rules (?:validate|plan|apply|import|fmt|show)\b[^\n]{0,40}touch x/g;
    for (const line of [["plan"], ["plan", "-f", "markdown"], ["plan", "-f", "github"], ["drift"]]) {
      const ran = await dbtIpRules({ cwd }, ...line, ...place);
      const said = `${ran.stdout}${ran.stderr}`.replace(/\n\s*/g, " ");
      for (const [offered] of said.matchAll(command)) expect(offered).toMatch(/'a\$\(touch x$/);
    }
    const plan = await dbtIpRules({ cwd }, "plan", ...place);
    expect(plan.stdout.replace(/\n\s*/g, " ")).toContain(`validate --policy '${name}'`);
  });

  it("has no name in a command of the source but by shellWord, or policyFlag that uses it", () => {
    const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".ts") && !/^(generated|cli[/\\]docs)/.test(file),
    );
    const found = files.flatMap((file) => {
      const text = readFileSync(join("src", file), "utf8");
      return [...text.matchAll(/dbt-ip-rules [a-z]+[^`\n]*?\$\{(.*)/g)].flatMap(([command, rest = ""]) => {
        // A name that holds the word already, or the word itself; a text of the source is no name.
        const inside = [...`\${${rest}`.matchAll(/\$\{([^}]*)/g)]
          .map(([, expression = ""]) => expression.replace(/"[^"]*"/g, ""))
          .join(" ");
        const names = inside.match(/[a-z]\w*/gi) ?? [];
        const made = names.some((name) =>
          new RegExp(`const ${name} =[^;]*(?:shellWord|policyFlag)\\(`).test(text),
        );
        const holdsName = /visible|shownFile|file|policy|options/i.test(inside);
        return holdsName && !made && !/(?:shellWord|policyFlag)\(/.test(rest) ? [`${file}: ${command}`] : [];
      });
    });
    expect(found).toEqual([]);
  });

  it("is a policy without commands and invisible characters, that reads back the same", async () => {
    const name = "a\n::error::x\u3164";
    const description = "q\n##[error]k\u009b\n  ::stop-commands::t";
    const emulator = await newAccount(83, {
      enabled: false,
      rules: [{ name, type: "allow", description, cidrs: ["203.0.113.0/24", "2001:db8::/32"] }],
    });
    const cwd = await newFolder();
    const account = ["--host", emulator.url, "--account", "83"];
    const { stdout } = await dbtIpRules({ cwd }, "import", ...account);
    expectClean(stdout);
    expect(stdout).not.toMatch(/\u3164|\u009b|::error|##\[/);
    await writeFile(join(cwd, "policy.yaml"), stdout);
    expect((await dbtIpRules({ cwd }, "fmt", "--check")).code).toBe(0);
    expect((await dbtIpRules({ cwd }, "plan", ...account, "--detailed-exitcode")).code).toBe(0);
    await writeFile(
      join(cwd, "policy.yaml"),
      'version: 1\nrules: [{name: "b\\n::error::\\u3164\\u009b", type: allow, cidrs: [203.0.113.0/24]}]\n',
    );
    const applied = await dbtIpRules({ cwd }, "apply", ...account, "--auto-approve", "--receipt", "r.jsonl");
    expect(applied.code, applied.stderr).toBe(0);
    const receipt = await readFile(join(cwd, "r.jsonl"), "utf8");
    expect(receipt).not.toMatch(/[\u007f-\u009f\u3164]|::error/);
    expect(receipt).toContain("\\u3164");
  });
});

describe("--debug", () => {
  it("shows the stack line by line as text", async () => {
    const said: string[] = [];
    const stream = {
      write: (text: string) => {
        said.push(text);
        return true;
      },
    };
    const io = {
      env: {},
      cwd: "/",
      stdout: stream,
      stderr: stream,
      stdin: process.stdin,
      now: () => new Date(0),
      signal: new AbortController().signal,
      isInterrupted: () => false,
    };
    const cause = new Error("\x1b]0;title\x07\r\n::error::from the service");
    const told = reportFailure(io, failureOf(new Error("first", { cause }), "command"), {
      debug: true,
      color: false,
    });
    expect(told).toMatchObject({ kind: "failure", exitCode: 1 });
    expect(said.join("")).toContain("caused by: ");
    expectClean(said.join(""));
    expect(said.join("")).not.toContain("\x07");
  });
});

describe("a failure of one policy", () => {
  it.each(["sarif", "junit", "code-quality", "github", "text"])(
    "is written as %s, to a file",
    async (format) => {
      const cwd = await newFolder();
      const ran = await dbtIpRules({ cwd }, "validate", "none.yaml", "-f", format, "-o", "out");
      expect(ran.code).toBe(1);
      expect(await readFile(join(cwd, "out"), "utf8")).toContain("policy-missing");
    },
  );

  it("is written as drift's SARIF, with a place, where the host cannot be reached", async () => {
    const cwd = await newFolder();
    const account = 'account: {id: 1, host: "http://127.0.0.1:1"}';
    await writeFile(join(cwd, "policy.yaml"), `version: 1\n${account}\nrules: []\n`);
    const ran = await dbtIpRules({ cwd }, "drift", "-f", "sarif");
    expect(ran.code).toBe(1);
    const [result] = JSON.parse(ran.stdout).runs[0].results;
    expect(result.level).toBe("error");
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe("policy.yaml");
  });
});

describe("a failure where JSON was asked for", () => {
  const failing = ["plan", "-p", "none.yaml"];
  const codesIn = async (file: string) =>
    JSON.parse(await readFile(file, "utf8")).diagnostics.map((one: { code: string }) => one.code);

  it.each([
    ["--format", "json", "--output", "f.json"],
    ["--format=json", "--output=f.json"],
    ["-fjson", "-of.json"],
    ["-f", "json", "-o", "f.json"],
    ["--write", "json=f.json"],
    ["--write=json=f.json"],
  ])("replaces the file of an earlier run: %s %s %s %s", async (...flags) => {
    const cwd = await newFolder();
    await writeFile(join(cwd, "f.json"), "{}");
    const ran = await dbtIpRules({ cwd }, ...failing, ...flags.filter((flag) => flag !== undefined));
    expect([ran.code, ran.stdout]).toEqual([1, ""]);
    expect(await codesIn(join(cwd, "f.json"))).toEqual(["policy-missing"]);
  });

  it("leaves alone what a line that is not understood names", async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, "policy.yaml"), crooked);
    const ran = await dbtIpRules({ cwd }, "import", "-o", "policy.yaml", "--format", "json");
    expect(JSON.parse(ran.stdout).diagnostics).toMatchObject([{ code: "bad-usage" }]);
    expect(await readFile(join(cwd, "policy.yaml"), "utf8")).toBe(crooked);
  });
});

describe("the warning of a shared host", () => {
  it.each([["audit", "watch", "--once"], ["audit", "list"], ["plan"], ["show"], ["drift"]])(
    "is said once: %s %s",
    async (...line) => {
      const cwd = await newFolder();
      await writeFile(join(cwd, "policy.yaml"), "version: 1\nrules: []\n");
      const account = ["--host", "emea.getdbt.com", "--account", "1"];
      const words = line.filter((word) => word !== undefined);
      // Nothing is called: the run is over before it begins.
      const ran = await dbtIpRules({ cwd, signal: AbortSignal.abort() }, ...words, ...account);
      expect(ran.stderr.match(/\[shared-host\]/g)).toHaveLength(1);
    },
  );
});
