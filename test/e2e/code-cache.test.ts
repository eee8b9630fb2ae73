// What makes starts fast changes no answer: the texts that the build put into main.js are those of the program, and
// the program says the same without its cache, while it fills it, with it, and with one that is broken.
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.js";

let folder = "";
const cache = () => join(folder, "dist", "cache");
const entry = (command: string): string => {
  const [version = ""] = readdirSync(cache());
  return join(cache(), version, command);
};
/** The chunks that a cache holds compiled; throws where it is broken. */
const chunks = (file: string): string[] => {
  const [header = ""] = readFileSync(file, "latin1").split("\n", 1);
  return Object.keys(JSON.parse(header)).sort();
};
const ask = (args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const program = [join(folder, "dist", "cli", "main.js"), ...args];
    const settings = { cwd: folder, env: { PATH: process.env["PATH"], ...env } };
    execFile(process.execPath, program, settings, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
const uncached = { NODE_DISABLE_COMPILE_CACHE: "1" };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "code-cache-"));
  for (const name of ["dist", "package.json", "policy.yaml"])
    cpSync(name, join(folder, name), { recursive: true, filter: (from) => !from.endsWith("cache") });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [["--help"], ["help"]],
  [["-h"], ["help"]],
  [["--version"], ["--version", "--version"]],
  [["-V"], ["--version", "--version"]],
])("%j, which main.js answers, is as the program answers %j", async (quick, whole) => {
  const answer = await ask(quick);
  expect(answer).toEqual(await ask(whole));
  expect(answer.code).toBe(0);
  expect(answer.stdout).not.toBe("");
});

test.each(commands.map(({ name }) => [name]))(
  "%s --help is the same with and without a cache",
  async (name) => {
    const plain = await ask([name, "--help"], uncached);
    expect(plain.code).toBe(0);
    expect(await ask([name, "--help"])).toEqual(plain);
    expect(existsSync(entry(name))).toBe(true);
    expect(await ask([name, "--help"])).toEqual(plain);
  },
);

test("a cache is filled by the run that finds none, and not asked for where it is turned off", async () => {
  rmSync(cache(), { recursive: true, force: true });
  const plain = await ask(["validate"], uncached);
  expect(existsSync(cache())).toBe(false);
  expect(await ask(["validate"])).toEqual(plain);
  const written = readFileSync(entry("validate"));
  expect(await ask(["validate"])).toEqual(plain);
  expect(readFileSync(entry("validate")).equals(written)).toBe(true);
});

test("what a command loads late is loaded with a cache too", async () => {
  for (const name of ["first.txt", "second.txt", "third.txt"])
    expect(await ask(["validate", "--output", name])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(readFileSync(join(folder, "third.txt"))).toEqual(readFileSync(join(folder, "first.txt")));
});

test.each([
  ["empty", () => Buffer.alloc(0)],
  ["no header", () => Buffer.from("nonsense")],
  ["another header", () => Buffer.from('{"a":1}\n')],
  ["cut short", (whole: Buffer) => whole.subarray(0, whole.length - 1000)],
  // V8 refuses an entry whose own header is not its own.
  [
    "other bytes",
    (whole: Buffer) =>
      Buffer.concat([
        whole.subarray(0, whole.indexOf("\n") + 1),
        Buffer.alloc(whole.length - whole.indexOf("\n") - 1),
      ]),
  ],
])("a broken cache (%s) is not used, and made anew", async (_, broken) => {
  const plain = await ask(["validate"], uncached);
  rmSync(cache(), { recursive: true, force: true });
  await ask(["validate"]);
  const [whole, held] = [readFileSync(entry("validate")), chunks(entry("validate"))];
  writeFileSync(entry("validate"), broken(whole));
  expect(await ask(["validate"])).toEqual(plain);
  expect(readFileSync(entry("validate")).length).toBeGreaterThan(whole.length / 2);
  expect(chunks(entry("validate"))).toEqual(held);
});

test("where the cache cannot be written the program runs, and says nothing of it", async () => {
  const plain = await ask(["validate"], uncached);
  rmSync(cache(), { recursive: true, force: true });
  writeFileSync(cache(), "a file where the folder would be");
  expect(await ask(["validate"])).toEqual(plain);
  rmSync(cache());
  mkdirSync(cache());
});

test("a run that fails leaves no cache", async () => {
  rmSync(cache(), { recursive: true, force: true });
  expect((await ask(["validate", "--policy", "missing.yaml"])).code).toBe(1);
  expect(existsSync(cache())).toBe(false);
});
