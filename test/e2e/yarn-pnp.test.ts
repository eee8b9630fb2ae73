/** The package under Yarn's Plug'n'Play, which never unpacks it: every file is read from a zip that nobody can write. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningEmulator, startEmulator } from "../../src/emulator/listener.js";

const run = promisify(execFile);
const token = "token-under-yarn";
let folder = "";
let emulator: RunningEmulator;

const yarn = (...args: readonly string[]) =>
  run(process.execPath, [resolve("node_modules/@yarnpkg/cli-dist/bin/yarn.js"), ...args], {
    cwd: join(folder, "project"),
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_CACHE_HOME: join(folder, "cache"),
      DBT_CLOUD_HOST_URL: emulator.url,
      DBT_CLOUD_TOKEN: token,
    },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dbt-ip-rules-yarn-"));
  emulator = await startEmulator({
    accountId: 66847,
    tokens: [{ token, kind: "service", role: "admin", name: "ci" }],
  });
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
  const [archive = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  const project = join(folder, "project");
  await mkdir(project);
  await mkdir(join(folder, "cache"), { mode: 0o700 });
  const dependencies = { "dbt-ip-rules": `file:../${archive}` };
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "project", dependencies }));
  await writeFile(
    join(project, ".yarnrc.yml"),
    "nodeLinker: pnp\nenableGlobalCache: false\nenableNetwork: false\nenableTelemetry: false\n",
  );
  await writeFile(
    join(project, "policy.yaml"),
    "version: 1\naccount: { id: 66847 }\nlint: { documentation-range: off }\nrules: [{ name: Office, type: allow, cidrs: [203.0.113.0/24] }]\n",
  );
  await yarn("install");
});

afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

it("is installed as a zip, not unpacked", async () => {
  expect(await readdir(join(folder, "project", ".yarn", "cache"))).toContainEqual(
    expect.stringMatching(/^dbt-ip-rules-.*\.zip$/),
  );
});

// Twice: where Node keeps compiled code, the second run starts from it.
it.each(["first", "second"])("the program runs, the %s time", async () => {
  const { stdout } = await yarn("dbt-ip-rules", "plan", "--format", "json");
  expect(JSON.parse(stdout)).toMatchObject({ summary: { create: 1 } });
});

it("init finds the files of the package that it copies", async () => {
  await yarn(
    "dbt-ip-rules",
    "init",
    "--account",
    "66847",
    "--host",
    "ab123.us1.dbt.com",
    "--policy",
    "new/policy.yaml",
  );
  expect(await readdir(join(folder, "project", "new"))).toContain("policy.yaml");
});

it("the library is imported", async () => {
  const script = 'import("dbt-ip-rules").then((all) => console.log(Object.keys(all).length > 0))';
  expect((await yarn("node", "--eval", script)).stdout).toBe("true\n");
});
