/** The package as it would be installed: packed, unpacked where an import finds it, and used from outside. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";

const run = promisify(execFile);
const tsc = resolve("node_modules/typescript/bin/tsc");
const token = "token-of-the-example";
let folder = "";
let installed = "";
let emulator: RunningEmulator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-package-"));
  installed = join(folder, "node_modules/dbt-ip-rules");
  await mkdir(installed, { recursive: true });
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await run("tar", ["-xzf", join(folder, archive!), "-C", installed, "--strip-components=1"]);
  // A bundle alone has no types; a build puts the same files there.
  const types = join(installed, "dist/types");
  await rm(types, { recursive: true, force: true });
  await run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", types]);
  emulator = await startEmulator({
    accountId: 66847,
    tokens: [{ token, kind: "service", role: "admin", name: "ci" }],
  });
});

afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

const example = async (): Promise<string> => {
  const page = await readFile("docs/api.md", "utf8");
  return /<!-- example: plan\.mjs -->\n```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
};

const policy = (prefix: string) =>
  `version: 1\naccount: {id: 66847, host: "${emulator.url}"}\nlint: {documentation-range: off}\nrules: [{name: Office, type: allow, cidrs: [${prefix}]}]\n`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const runExample = async (text: string, env: Record<string, string>): Promise<Ended> => {
  await writeFile(join(folder, "plan.mjs"), await example());
  await writeFile(join(folder, "policy.yaml"), text);
  return run(process.execPath, ["plan.mjs"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...env },
  }).then(
    (ran) => ({ code: 0, ...ran }),
    (error: Ended) => error,
  );
};

describe("the example of docs/api.md, from the packed package", () => {
  it("plans, and judges the plan by its own measure", async () => {
    const ran = await runExample(policy("203.0.113.0/24"), { DBT_CLOUD_TOKEN: token });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("203.0.113.0/24");
    expect(ran.stdout).toContain("verdict: changes, newly allowed: ");
  });

  it("tells what is missing, and exits as the command would", async () => {
    expect(await runExample(policy("203.0.113.0/24"), {})).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("token-missing"),
    });
    expect(await runExample("version: 2\n", { DBT_CLOUD_TOKEN: token })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("policy.yaml:1"),
    });
  });
});

/** Everything that the declarations of the entry lead to: the packages and globals they name. */
const reached = async (): Promise<readonly string[]> => {
  const outside = new Set<string>();
  const seen = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await readFile(file, "utf8");
    for (const [, target = ""] of text.matchAll(/(?:\bfrom |\bimport\()"([^"]+)"/g)) {
      if (target.startsWith(".")) await visit(join(dirname(file), target.replace(/\.js$/, ".d.ts")));
      else outside.add(target);
    }
    for (const [found] of text.matchAll(/\bNodeJS\.\w+|\bBuffer\b|\/\/\/ <reference.*/g)) outside.add(found);
  };
  await visit(join(installed, "dist/types/index.d.ts"));
  expect(seen.size).toBeGreaterThan(20);
  return [...outside];
};

describe("the types of the package", () => {
  it("lead to no other package", async () => {
    expect(await reached()).toEqual([]);
  });

  it("hold for a strict consumer, who may not be wrong", async () => {
    await mkdir(join(folder, "node_modules/@types"), { recursive: true });
    const types = join(folder, "node_modules/@types/node");
    if (!existsSync(types)) await symlink(resolve("node_modules/@types/node"), types);
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2023",
          lib: ["ES2023"],
          module: "NodeNext",
          types: ["node"],
          noEmit: true,
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: true,
        },
        files: ["consumer.ts"],
      }),
    );
    const typed = (await example()).replace(
      "(diagnostics) =>",
      "(diagnostics: readonly Diagnostic[]): never =>",
    );
    const consumer = `import type { Diagnostic } from "dbt-ip-rules";\n${typed}`;
    const compile = async (text: string): Promise<string> => {
      await writeFile(join(folder, "consumer.ts"), text);
      return run(process.execPath, [tsc, "-p", folder]).then(
        () => "",
        (error: Ended) => error.stdout,
      );
    };
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    expect(await compile(consumer)).toBe("");
    expect(await compile(consumer.replace("made.access.change", "made.access.chance"))).toContain("TS2551");
    // The declarations themselves, without the help of any other package.
    const alone = [
      "--noEmit",
      "--strict",
      "--module",
      "NodeNext",
      "--target",
      "ES2023",
      "--lib",
      "ES2023,DOM",
      "--types",
      "",
      join(installed, "dist/types/index.d.ts"),
    ];
    await expect(run(process.execPath, [tsc, ...alone], { cwd: tmpdir() })).resolves.toMatchObject({
      stdout: "",
    });
  });
});
