/** Test files share a process and its modules (vitest.config.ts): nothing that one does may reach the next. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const own = join("test", "architecture", "one-process.test.ts");
const files = readdirSync("test", { recursive: true, encoding: "utf8" })
  .map((name) => join("test", name))
  .filter((file) => file.endsWith(".ts") && file !== own)
  .map((file) => ({ file, text: readFileSync(file, "utf8") }));

const filesWith = (pattern: RegExp, among = files): readonly string[] =>
  among.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

it("replaces no module: the next file would get either", () => {
  expect(files.length).toBeGreaterThan(200);
  expect(filesWith(/\bvi\.(mock|doMock|resetModules|stubGlobal|useFakeTimers)\b/)).toEqual([]);
});

it("stubs no variable without taking it back", () => {
  const stubbing = files.filter(({ text }) => text.includes("vi.stubEnv("));
  expect(filesWith(/vi\.unstubAllEnvs\(\)/, stubbing)).toEqual(stubbing.map(({ file }) => file));
});

it("ends in test/setup.ts what a shared file opens, whose own hooks would run for its first user alone", () => {
  const shared = files.filter(({ file }) => !file.endsWith(".test.ts"));
  expect(filesWith(/^(before|after)(All|Each)\(/m, shared)).toEqual([join("test", "setup.ts")]);
});
