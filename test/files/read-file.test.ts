/** What a name may make the program read: a regular file of a bounded size, inside its folder. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import {
  checkoutFolder,
  readNamedFile,
  readNamedPieces,
  readNamedText,
  readRegularFile,
} from "../../src/files/read-file.js";
import { newFolder } from "../cli/world.js";

let top = "";
let cwd = "";
beforeEach(async () => {
  top = await newFolder();
  cwd = join(top, "checkout");
  mkdirSync(join(cwd, "sub"), { recursive: true });
  writeFileSync(join(top, "secret"), "secret");
});
const bounds = { most: 1000 };

describe.skipIf(process.platform === "win32")("what is no regular file", () => {
  it.each(["/dev/zero", "/dev/null", "/dev/tty", "/dev/full"])("is not read: %s", (device) => {
    expect(() => readRegularFile(device, bounds)).toThrow(/not a file|no such/);
    symlinkSync(device, join(cwd, "link"));
    expect(() => readRegularFile(join(cwd, "link"), { ...bounds, folder: "/" })).toThrow(
      /not a file|no such/,
    );
  });

  it("is not waited for: a pipe", () => {
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    expect(() => readNamedFile(cwd, "pipe", bounds)).toThrow("not a file");
  });

  it("is a folder by the system's word", () => {
    expect(() => readNamedFile(cwd, "sub", bounds)).toThrow(expect.objectContaining({ code: "EISDIR" }));
  });
});

describe("a file's size", () => {
  it("is checked before it is read", () => {
    writeFileSync(join(cwd, "large"), "");
    // A hole: nothing could hold what is in it.
    truncateSync(join(cwd, "large"), 2 ** 40);
    expect(() => readNamedFile(cwd, "large", bounds)).toThrow("it is too large: at most 1000 bytes are read");
    writeFileSync(join(cwd, "just"), "x".repeat(1000));
    expect(readNamedText(cwd, "just", bounds)).toHaveLength(1000);
    truncateSync(join(cwd, "just"), 1001);
    expect(() => readNamedFile(cwd, "just", bounds)).toThrow("too large");
  });

  it.skipIf(process.platform !== "linux")("is checked while it is read, where the system says 0", () => {
    expect(() => readRegularFile("/proc/self/maps", { most: 100 })).toThrow("too large");
    expect(readRegularFile("/proc/self/stat", { most: 10_000 }).toString()).toMatch(/^\d+ /);
  });

  it("is that of several pieces", () => {
    const text = "0123456789".repeat(100_000);
    writeFileSync(join(cwd, "long"), text);
    expect(readNamedText(cwd, "long", { most: text.length })).toBe(text);
    writeFileSync(join(cwd, "empty"), "");
    expect(readNamedText(cwd, "empty", bounds)).toBe("");
  });
});

describe.skipIf(process.platform === "win32")("a symbolic link", () => {
  it("is followed inside its folder, and not out of it", () => {
    writeFileSync(join(cwd, "sub", "real"), "inside");
    symlinkSync("sub/real", join(cwd, "in"));
    expect(readNamedText(cwd, "in", bounds)).toBe("inside");
    for (const target of ["../secret", join(top, "secret"), "sub/../../secret", "/proc/self/environ"]) {
      const name = `out-${target.replaceAll("/", "-")}`;
      symlinkSync(target, join(cwd, name));
      expect(() => readNamedFile(cwd, name, bounds)).toThrow("leads out of the folder");
    }
    symlinkSync("..", join(cwd, "sub", "up"));
    symlinkSync("../..", join(cwd, "sub", "over"));
    expect(readNamedText(cwd, "sub/up/in", { ...bounds, folder: cwd })).toBe("inside");
    expect(() => readNamedFile(cwd, "sub/over/secret", { ...bounds, folder: cwd })).toThrow("leads out");
  });

  it("shows nothing of .git, and neither does a name", () => {
    mkdirSync(join(cwd, ".git"));
    writeFileSync(join(cwd, ".git", "config"), "token");
    symlinkSync(".git/config", join(cwd, "policy.yaml"));
    for (const name of ["policy.yaml", ".git/config"])
      expect(() => readNamedFile(cwd, name, { ...bounds, folder: cwd })).toThrow("credentials");
  });
});

describe("the folder that a policy must be in", () => {
  it("is the checkout, from any folder of it", () => {
    mkdirSync(join(cwd, ".git"));
    expect(checkoutFolder(join(cwd, "sub"), "policy.yaml")).toBe(cwd);
    expect(checkoutFolder(cwd, "sub/policy.yaml")).toBe(cwd);
  });

  it("without a checkout is the current one, or that of a name elsewhere", () => {
    expect(checkoutFolder(cwd, "sub/policy.yaml")).toBe(cwd);
    expect(checkoutFolder(cwd, join(cwd, "sub/policy.yaml"))).toBe(cwd);
    expect(checkoutFolder(join(cwd, "sub"), "../policy.yaml")).toBe(cwd);
    expect(checkoutFolder(join(cwd, "sub"), "../..x/p.yaml")).toBe(join(cwd, "..x"));
    expect(checkoutFolder(cwd, join(top, "policy.yaml"))).toBe(top);
  });

  it("is no folder that a link in the checkout makes up", () => {
    mkdirSync(join(top, "other", ".git"), { recursive: true });
    symlinkSync("../other", join(cwd, "linked"));
    expect(checkoutFolder(cwd, "linked/policy.yaml")).toBe(cwd);
  });
});

it("reads a file in pieces as the text that it is, whatever characters they cut", () => {
  const text = `a${"é€😀".repeat(20_000)}`;
  writeFileSync(join(cwd, "long"), text);
  const pieces = [...readNamedPieces(cwd, "long")];
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.join("")).toBe(text);
});
