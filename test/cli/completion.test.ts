/** Completion: what is offered, and that the real shells offer exactly that and run nothing of it. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { catalogue } from "../../src/audit/catalogue.js";
import { commands } from "../../src/cli/commands/index.js";
import { dbtIpRules, newFolder } from "./world.js";

const run = promisify(execFile);
let cwd = "";
const marker = () => join(cwd, "RUN");

beforeAll(async () => {
  cwd = await newFolder();
  const names = [
    "Corporate VPN",
    "Corner: x=1",
    `$(touch ${marker()})`,
    `\`touch ${marker()}\``,
    `;touch ${marker()};`,
    "a'b\"c\\d",
    "*",
    "\u001b[31mred",
    "two\nlines",
  ];
  const rules = names.map((name, at) => ({ name, type: "allow", cidrs: [`203.0.113.${at}`] }));
  await writeFile(join(cwd, "policy.yaml"), JSON.stringify({ version: 1, rules }));
  await writeFile(join(cwd, "other.yaml"), JSON.stringify({ version: 1, rules: rules.slice(0, 1) }));
  await writeFile(join(cwd, "my plan.json"), "");
  await mkdir(join(cwd, "bin"));
  const shim = join(cwd, "bin/dbt-ip-rules");
  await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${resolve("dist/cli/main.js")}" "$@"\n`);
  await chmod(shim, 0o755);
});

const offered = async (...words: string[]) => {
  const { stdout } = await dbtIpRules({ cwd }, "__complete", "--", ...words);
  const [kind, ...lines] = stdout.trimEnd().split("\n");
  return { kind, words: lines.map((line) => line.split("\t")[0]) };
};

describe("what may come next", () => {
  it("is a command, without the hidden one", async () => {
    const { kind, words } = await offered("");
    expect(kind).toBe("words");
    expect(words).toEqual([
      ...commands.filter(({ hidden }) => hidden !== true).map(({ name }) => name),
      "help",
    ]);
    expect((await offered("help", "pl")).words).toEqual(["plan"]);
    expect((await offered("audit", "")).words).toEqual(
      expect.arrayContaining(["verify", "list", "export", "watch", "events"]),
    );
  });

  it("is a list's name for lists update and lists check, also one of an include file", async () => {
    const source = { source: "https://lists.example/a.json", select: "$[*]" };
    const policy = { version: 1, include: ["more.yaml"], networks: { hooks: source, own: ["192.0.2.0/24"] } };
    await writeFile(join(cwd, "lists.yaml"), JSON.stringify(policy));
    await writeFile(join(cwd, "more.yaml"), JSON.stringify({ networks: { shared_hooks: source } }));
    const asked = ["-p", "lists.yaml"];
    expect((await offered("lists", "update", ...asked, "")).words).toEqual(["hooks", "shared_hooks"]);
    expect((await offered("lists", "update", ...asked, "hooks", "sh")).words).toEqual(["shared_hooks"]);
    expect((await offered("lists", "check", ...asked, "--allow-max-change", "h")).words).toEqual(["hooks"]);
    expect((await offered("lists", "update", "-p", "none.yaml", "")).words).toEqual([]);
  });

  it.each([
    [["plan", "--detail"], ["--detailed-exitcode"]],
    [["plan", "--format", "j"], ["json"]],
    [
      ["plan", "-f", "ma"],
      ["markdown", "matrix"],
    ],
    [["plan", "--format=j"], ["--format=json"]],
    [["plan", "--debug", "--fo"], ["--format"]],
    [["audit", "list", "--for"], ["--format"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["audit", "list", "--event", "ip_restrictions.rule.c"], ["ip_restrictions.rule.changed"]],
    [["audit", "list", "--event", "user.added", "ip_restrictions.t"], ["ip_restrictions.toggled"]],
    [["show", "--rule", "Corp"], ["Corporate VPN"]],
    [["grant", "203.0.113.7", "--rule", "Corp"], ["Corporate VPN"]],
    [["ro"], ["rollback"]],
    [
      ["lists", ""],
      ["update", "check", "catalogue", "help"],
    ],
    [
      ["replay", "--format", ""],
      ["text", "json", "markdown", "html"],
    ],
    [
      ["doctor", "--format", ""],
      ["text", "json"],
    ],
    [["plan", "--host", ""], []],
    [["emulator", "--no-such", ""], []],
    [["no-such", ""], []],
  ])("after %j is %j", async (words, expected) => {
    expect(await offered(...words)).toEqual({ kind: "words", words: expected });
  });

  it.each([
    [["apply", ""]],
    [["plan", "-p", "x"]],
    [["plan", "a.yaml", ""]],
    [["audit", "verify", "--receipt", "a", ""]],
    [["plan", "--", ""]],
    [["rollback", ""]],
    [["replay", "--from", ""]],
    [["replay", "--plan", ""]],
    [["doctor", "--record", ""]],
    [["emulator", "--tls", ""]],
  ])("after %j are files", async (words) => {
    expect((await offered(...words)).kind).toBe("files");
  });

  it("are rule names of the policy that is named, but none that a terminal cannot show", async () => {
    const { words } = await offered("show", "--rule", "");
    expect(words).toHaveLength(7);
    expect(words.join("")).not.toContain("\u001b");
    expect((await offered("explain", "--policy=other.yaml", "")).words).toEqual([]);
    const broken = await newFolder();
    await writeFile(join(broken, "policy.yaml"), "rules: [");
    const ran = await dbtIpRules({ cwd: broken }, "__complete", "--", "show", "--rule", "");
    expect(ran).toEqual({ code: 0, stdout: "words\n", stderr: "" });
  });

  it("are the event types that the documentation names", async () => {
    expect((await offered("audit", "events", "")).words).toEqual(catalogue.map(({ type }) => type));
  });
});

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ["-c", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const built = existsSync("dist/cli/main.js");
const env = () => ({ ...process.env, PATH: `${join(cwd, "bin")}:${process.env["PATH"]}` });

/** What bash offers for a line, words broken as readline breaks them. */
const inBash = async (
  line: string,
  words: readonly string[],
  source = "completion.bash",
): Promise<string[]> => {
  const script = `source ${source}
COMP_LINE=$1 COMP_POINT=\${#1}; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_dbt_ip_rules; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run("bash", ["--norc", "-c", script, "bash", line, ...words], { cwd, env: env() });
  return stdout.split("\n").filter((text) => text !== "");
};

describe.runIf(built && has("bash"))("bash", () => {
  beforeAll(async () => {
    const { stdout } = await dbtIpRules({ cwd }, "completion", "bash");
    await writeFile(join(cwd, "completion.bash"), stdout);
  });

  it.each([
    ["dbt-ip-rules plan --format j", ["dbt-ip-rules", "plan", "--format", "j"], ["json"]],
    ["dbt-ip-rules plan --format=j", ["dbt-ip-rules", "plan", "--format", "=", "j"], ["json"]],
    [
      "dbt-ip-rules plan --format=",
      ["dbt-ip-rules", "plan", "--format", "="],
      ["text", "json", "markdown", "html", "github", "gitlab", "matrix"],
    ],
    ["dbt-ip-rules lists ca", ["dbt-ip-rules", "lists", "ca"], ["catalogue"]],
    ["dbt-ip-rules rollback --keep", ["dbt-ip-rules", "rollback", "--keep"], ["--keep-later-changes"]],
    ["dbt-ip-rules doctor --format ", ["dbt-ip-rules", "doctor", "--format", ""], ["text", "json"]],
    ["dbt-ip-rules show --rule Corp", ["dbt-ip-rules", "show", "--rule", "Corp"], ["Corporate\\ VPN"]],
    ['dbt-ip-rules show --rule "Corp', ["dbt-ip-rules", "show", "--rule", '"Corp'], ["Corporate VPN"]],
    [
      "dbt-ip-rules show --rule Corner:\\ ",
      ["dbt-ip-rules", "show", "--rule", "Corner", ":", "\\ "],
      ["\\ x=1"],
    ],
    ["dbt-ip-rules apply my", ["dbt-ip-rules", "apply", "my"], ["my plan.json"]],
    [
      "dbt-ip-rules  audit   list --event user.a",
      ["dbt-ip-rules", "audit", "list", "--event", "user.a"],
      ["user.added"],
    ],
  ])("offers for %j", async (line, words, expected) => {
    expect(await inBash(line, words)).toEqual(expected);
  });

  it("runs nothing of what it offers, and offers it so that typing it runs nothing", async () => {
    const replies = await inBash("dbt-ip-rules show --rule ", ["dbt-ip-rules", "show", "--rule", ""]);
    expect(replies).toHaveLength(7);
    const script = replies.map((reply) => `printf '%s\\n' ${reply}`).join("\n");
    const { stdout } = await run("bash", ["--norc", "-c", script], { cwd, env: env() });
    expect(stdout).toContain(
      `$(touch ${marker()})\n\`touch ${marker()}\`\n;touch ${marker()};\na'b"c\\d\n*\n`,
    );
    expect(existsSync(marker())).toBe(false);
  });

  it("takes the script as the program prints it", async () => {
    const source = "<(dbt-ip-rules completion bash)";
    expect(await inBash("dbt-ip-rules pl", ["dbt-ip-rules", "pl"], source)).toEqual(["plan"]);
  });

  it("runs nothing of what stands on the line", async () => {
    const word = `$(touch ${marker()})`;
    await inBash(`dbt-ip-rules plan -p ${word} --fo`, ["dbt-ip-rules", "plan", "-p", word, "--fo"]);
    expect(existsSync(marker())).toBe(false);
  });
});

describe.runIf(built && has("fish"))("fish", () => {
  const inFish = async (line: string): Promise<string[]> => {
    const { stdout } = await run(
      "fish",
      ["-N", "-c", "dbt-ip-rules completion fish | source; complete -C $argv[1]", line],
      {
        cwd,
        env: { ...env(), HOME: cwd },
      },
    );
    return stdout
      .trimEnd()
      .split("\n")
      .map((text) => text.split("\t")[0] ?? "");
  };
  it("offers commands, options, values, files and names, and runs nothing", async () => {
    expect(await inFish("dbt-ip-rules pl")).toEqual(["plan"]);
    expect(await inFish("dbt-ip-rules plan --format=j")).toEqual(["--format=json"]);
    expect(await inFish("dbt-ip-rules audit list --event user.a")).toEqual(["user.added"]);
    expect(await inFish("dbt-ip-rules apply my")).toEqual(["my plan.json"]);
    const names = await inFish("dbt-ip-rules show --rule ");
    expect(names).toHaveLength(7);
    expect(names).toContain("Corporate VPN");
    expect(existsSync(marker())).toBe(false);
  });
});

describe.runIf(built && has("zsh"))("zsh", () => {
  /** A real zsh at a terminal of its own (zsh/zpty): the line, a TAB, and what the line then is. */
  const inZsh = async (line: string): Promise<string> => {
    const script = `zmodload zsh/zpty
zpty z zsh -f -i
await() { local text all; while zpty -r z text; do all+=$text; [[ $all == *$1* ]] && return; done }
zpty -w z 'PS1=; setopt no_beep; autoload -U compinit; compinit -u -D; source <(dbt-ip-rules completion zsh); show() { print -r -- "<<$BUFFER>>"; BUFFER=; zle accept-line }; zle -N show; bindkey "^X" show; print rea""dy'
await ready
zpty -n -w z "$1"$'\\t'$'\\x18'
local text all
while zpty -r z text; do all+=$text; [[ $all == *'>>'* ]] && break; done
print -r -- "$all"`;
    const { stdout } = await run("zsh", ["-f", "-c", script, "zsh", line], {
      cwd,
      env: { ...env(), HOME: cwd, TERM: "dumb" },
    });
    return /<<(.*)>>/.exec(stdout)?.[1] ?? stdout;
  };
  it.each([
    ["dbt-ip-rules pl", "dbt-ip-rules plan "],
    ["dbt-ip-rules plan --format=j", "dbt-ip-rules plan --format=json "],
    ["dbt-ip-rules show --rule Corp", "dbt-ip-rules show --rule Corporate\\ VPN "],
    ["dbt-ip-rules show --rule \\$", `dbt-ip-rules show --rule \\$\\(touch\\ `],
    ["dbt-ip-rules apply my", "dbt-ip-rules apply my\\ plan.json "],
  ])("completes %j", async (line, expected) => {
    expect((await inZsh(line)).startsWith(expected)).toBe(true);
    expect(existsSync(marker())).toBe(false);
  });
});
