/**
 * Where Node keeps compiled code for the next start, and where not: in a folder that is this user's alone, never in
 * the package, and without a word where there is none. Node 20 has no such cache: there the program writes nothing.
 */
import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const nodeHasCache = "enableCompileCache" in nodeModule;
const windows = process.platform === "win32";
const root = process.getuid?.() === 0;

let folder = "";
/** The one file that the program may write: its cache, below `$XDG_CACHE_HOME`. */
const home = () => join(folder, "home");
const cache = () => join(home(), "dbt-ip-rules");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "compile-cache-"));
  for (const name of ["dist", "package.json", "policy.yaml"])
    cpSync(name, join(folder, "package", name), { recursive: true });
});
afterEach(() => {
  chmodSync(home(), 0o700);
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const validate = (env: Readonly<Record<string, string>> = {}) =>
  new Promise<Answer>((done) => {
    const args = [join(folder, "package", "dist", "cli", "main.js"), "validate"];
    const settings = {
      cwd: join(folder, "package"),
      env: { PATH: process.env["PATH"], XDG_CACHE_HOME: home(), ...env },
    };
    execFile(process.execPath, args, settings, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const filesBelow = (path: string): readonly string[] =>
  existsSync(path)
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

const plain = { NODE_DISABLE_COMPILE_CACHE: "1" };

describe("compiled code", () => {
  beforeEach(() => mkdirSync(home(), { mode: 0o700 }));

  it.runIf(nodeHasCache)("is kept in a folder that is this user's alone, whatever the umask", async () => {
    const before = process.umask(0);
    const answer = await validate().finally(() => process.umask(before));
    expect(answer).toEqual(await validate(plain));
    expect(filesBelow(cache())).not.toEqual([]);
    if (!windows) expect(lstatSync(cache()).mode & 0o777).toBe(0o700);
    expect(await validate()).toEqual(answer);
  });

  it.runIf(nodeHasCache)("changes no answer where it is damaged", async () => {
    const answer = await validate();
    const files = filesBelow(cache());
    const damages = [
      (file: string) => truncateSync(file, 0),
      (file: string) => truncateSync(file, Math.floor(lstatSync(file).size / 2)),
      (file: string) => writeFileSync(file, Buffer.alloc(lstatSync(file).size, 0xff)),
    ];
    for (const damage of damages) {
      files.forEach(damage);
      expect(await validate()).toEqual(answer);
    }
  });

  it("is never written into the package", async () => {
    const before = filesBelow(join(folder, "package"));
    await validate();
    expect(filesBelow(join(folder, "package"))).toEqual(before);
  });

  it.skipIf(nodeHasCache)("is not kept by Node 20", async () => {
    await validate();
    expect(filesBelow(home())).toEqual([]);
  });

  it("is not kept where NODE_DISABLE_COMPILE_CACHE is set", async () => {
    await validate(plain);
    expect(filesBelow(home())).toEqual([]);
  });
});

describe("no compiled code is kept, and nothing is said, where the folder", () => {
  const answers = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
    expect(await validate(env)).toEqual(await validate({ ...plain, ...env }));
    expect(filesBelow(folder).filter((file) => file.includes("x64") || file.includes("arm64"))).toEqual([]);
  };
  beforeEach(() => mkdirSync(home(), { mode: 0o700 }));

  it.skipIf(windows)("can be written by others", async () => {
    mkdirSync(cache());
    chmodSync(cache(), 0o777);
    await answers();
  });

  it.skipIf(windows)("is a link to another place", async () => {
    mkdirSync(join(folder, "elsewhere"), { mode: 0o700 });
    symlinkSync(join(folder, "elsewhere"), cache());
    await answers();
  });

  it("is a file", async () => {
    writeFileSync(cache(), "");
    await answers();
  });

  it.skipIf(windows || root)("cannot be made", async () => {
    chmodSync(home(), 0o500);
    await answers();
  });

  it.runIf(process.platform === "linux")("is where no folder can be", async () => {
    await answers({ XDG_CACHE_HOME: "/proc/nope" });
  });
});
