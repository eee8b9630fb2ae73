/** Where the program comes from: the action's own checkout, npm in another version, or this repository by git. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { githubToken } from "./github-stand-in.js";
import { checkOutAction, newFolder, npmOnPath, runScript, sourcesOf } from "./runner.js";
import { dbtToken, pullRequest, startWorld, type World } from "./world.js";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8")) as {
  name: string;
  version: string;
};
const event = pullRequest();
let world: World;
afterEach(() => world.close());

describe("from a bare checkout", () => {
  beforeEach(async () => {
    world = await startWorld({ action: checkOutAction({ built: false }) });
  });

  const tokens = {
    DBT_CLOUD_TOKEN: dbtToken,
    GH_TOKEN: githubToken,
    NODE_AUTH_TOKEN: "npm_stand_in_token",
    NODE_OPTIONS: "--no-warnings",
  };

  it("builds itself, once, with no token near it and no script of a package", async () => {
    const { path, calls } = npmOnPath();
    const env = { ...tokens, PATH: path };
    world.write(".npmrc", "registry=http://127.0.0.1:9/\n");
    const ran = await world.runSteps({ comment: "false" }, { event, env });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs.verdict).toBe("changes");
    const first = calls();
    expect(first).toMatch(/^npm ci .*--ignore-scripts/);
    for (const secret of [dbtToken, githubToken, "npm_stand_in_token", "GITHUB_", "INPUT_", "NODE_OPTIONS"])
      expect(first).not.toContain(secret);
    expect(existsSync(join(world.workspace, "node_modules"))).toBe(false);

    const again = await world.runSteps({ command: "validate" }, { event, env });
    expect(again.outputs.verdict, again.log).toBe("valid");
    expect(calls()).toBe(first);
  });

  it("says that it could not be built, and runs nothing", async () => {
    const { path } = npmOnPath("echo 'registry unreachable' >&2; false");
    const ran = await world.runSteps({ comment: "false" }, { event, env: { PATH: path } });
    expect(ran.code).toBe(1);
    expect(ran.log).toContain("registry unreachable");
    expect(ran.log).toMatch(/^::error title=dbt-ip-rules::The action could not be built/m);
    expect(world.emulator.requests.list()).toEqual([]);
  });

  it.each(["20.18.3", "18.20.0"])("names the Node that it needs where the runner has %s", async (old) => {
    const folder = newFolder("node");
    const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo v${old}; exit; fi\nshift\nexec '${process.execPath}' --eval "Object.defineProperty(process.versions, 'node', { value: '${old}' }); $1"\n`;
    writeFileSync(join(folder, "node"), script);
    chmodSync(join(folder, "node"), 0o755);
    const ran = await world.runSteps(
      { command: "validate" },
      { env: { PATH: `${folder}:${process.env["PATH"]}` } },
    );
    expect(ran.code).toBe(1);
    expect(ran.log).toMatch(
      new RegExp(`^::error title=dbt-ip-rules::.*Node v${old.replaceAll(".", "\\.")}; 20.19`, "m"),
    );
  });
});

describe("another version, from npm", () => {
  const other = "9.9.9";
  let registry: Server;
  let url = "";
  const requests: string[] = [];

  /** As npm's registry answers: what versions there are, and their archives. */
  beforeAll(async () => {
    const folder = newFolder("pack");
    execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
      stdio: "ignore",
    });
    const archive = readFileSync(join(folder, `${name}-${version}.tgz`));
    const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    registry = createServer((request, response) => {
      requests.push(request.url ?? "");
      for (const value of Object.values(request.headers)) requests.push(String(value));
      if (request.url === `/${name}`) {
        const dist = { tarball: `${url}/${name}-${other}.tgz`, integrity };
        const manifest = { name, version: other, bin: { [name]: "dist/cli/main.js" }, dist };
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ name, "dist-tags": { latest: other }, versions: { [other]: manifest } }),
        );
      } else if (request.url?.endsWith(".tgz")) response.end(archive);
      else response.writeHead(404).end("{}");
    });
    await new Promise<void>((settle) => registry.listen(0, "127.0.0.1", settle));
    // `address()` of a server that listens on TCP is an object.
    url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise<void>((settle) => registry.close(() => settle())));

  it("is installed, and no file of the repository can replace it", async () => {
    world = await startWorld();
    world.write(".npmrc", "registry=http://127.0.0.1:9/\n");
    const env = {
      npm_config_registry: url,
      npm_config_cache: newFolder("cache"),
      npm_config_fetch_retries: "0",
    };
    const ran = await world.runSteps({ comment: "false", version: other }, { event, env });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs.verdict).toBe("changes");
    expect(requests).toContain(`/${name}-${other}.tgz`);
    for (const secret of [dbtToken, githubToken]) expect(requests.join("\n")).not.toContain(secret);
    expect(existsSync(join(world.workspace, "node_modules"))).toBe(false);

    const unknown = await world.runSteps({ comment: "false", version: "99.0.0" }, { event, env });
    expect(unknown.code).toBe(1);
    expect(unknown.log).toMatch(
      new RegExp(`^::error title=${name}::npm could not install ${name}@99.0.0`, "m"),
    );
  });
});

it("npm packs a bare checkout built, as an install by git does, and builds nothing twice", async () => {
  world = await startWorld();
  const checkout = newFolder("checkout");
  sourcesOf(checkout);
  symlinkSync(resolve("node_modules"), join(checkout, "node_modules"));
  const pack = (): Promise<{ code: number; log: string }> =>
    runScript(`npm pack --silent && tar -tzf '${name}-${version}.tgz'`, { cwd: checkout, env: {} });
  const packed = await pack();
  expect(packed.code, packed.log).toBe(0);
  for (const file of ["dist/cli/main.js", "dist/index.js", "dist/types/index.d.ts", "dist/action/main.js"])
    expect(packed.log).toContain(`package/${file}\n`);
  writeFileSync(join(checkout, "dist/cli/main.js"), "built before\n");
  expect((await pack()).code).toBe(0);
  expect(readFileSync(join(checkout, "dist/cli/main.js"), "utf8")).toBe("built before\n");
});
