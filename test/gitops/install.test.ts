/** Checked out without a build, the action installs the npm package: the exact version, from the registry, no scripts. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { githubToken } from "./github-stand-in.js";
import { checkOutAction, newFolder } from "./runner.js";
import { dbtToken, pullRequest, startWorld } from "./world.js";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8")) as {
  name: string;
  version: string;
};
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
      const dist = { tarball: `${url}/${name}-${version}.tgz`, integrity };
      const manifest = { name, version, bin: { [name]: "dist/cli/main.js" }, dist };
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: manifest } }),
      );
    } else if (request.url?.endsWith(".tgz")) response.end(archive);
    else response.writeHead(404).end("{}");
  });
  await new Promise<void>((settle) => registry.listen(0, "127.0.0.1", settle));
  // `address()` of a server that listens on TCP is an object.
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
});
afterAll(() => new Promise<void>((settle) => registry.close(() => settle())));

it("runs the package of its own version, which no file of the repository can replace", async () => {
  const world = await startWorld({ action: checkOutAction({ built: false }) });
  world.write(".npmrc", "registry=http://127.0.0.1:9/\n");
  const env = {
    npm_config_registry: url,
    npm_config_cache: newFolder("cache"),
    npm_config_fetch_retries: "0",
  };
  try {
    const ran = await world.run({ comment: "false" }, { event: pullRequest(), env });
    expect(ran.code, ran.log).toBe(0);
    expect(ran.outputs.verdict).toBe("changes");
    expect(requests).toContain(`/${name}-${version}.tgz`);
    for (const secret of [dbtToken, githubToken]) expect(requests.join("\n")).not.toContain(secret);
    expect(existsSync(join(world.workspace, "node_modules"))).toBe(false);

    const unknown = await world.run({ comment: "false", version: "99.0.0" }, { event: pullRequest(), env });
    expect(unknown.code).toBe(1);
    expect(unknown.log).toMatch(
      new RegExp(`^::error title=${name}::npm could not install ${name}@99.0.0`, "m"),
    );
  } finally {
    await world.close();
  }
});
