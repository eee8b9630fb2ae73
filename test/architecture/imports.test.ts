/** What the files of `src/` import of each other: in no circle, not even of types, and nothing is exported for nobody. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.m?[jt]s$/.test(name) && !/(?:^|\/)(?:generated|node_modules|\.cache)\//.test(name))
    .map((name) => join(folder, name));

const textOf = new Map(
  ["src", "test", "bench", "scripts"].flatMap(filesUnder).map((file) => [file, readFileSync(file, "utf8")]),
);
const sources = [...textOf.keys()].filter((file) => file.startsWith("src/"));

/** `{ a, type b as c }`, `* as all` or nothing, and the file that it is from. */
interface Import {
  readonly names: string;
  readonly file: string;
}

const importsOf = (file: string): readonly Import[] =>
  [
    ...(textOf.get(file) ?? "").matchAll(
      /\b(?:import|export)\s+(?:type\s+)?([^;"']*?)\s*(?:from\s+)?\(?"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/g,
    ),
  ].map(([, names = "*", target, called]) => ({
    names: called === undefined ? names : "*",
    file: normalize(join(dirname(file), target ?? called ?? "")).replace(/\.js$/, ".ts"),
  }));

const imports = new Map([...textOf.keys()].map((file) => [file, importsOf(file)]));

/** Each circle once, as the files on the way round. */
const circles = (): string[] => {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const from = way.indexOf(file);
    if (from >= 0) found.push([...way.slice(from), file].join(" -> "));
    if (from >= 0 || done.has(file)) return;
    for (const target of new Set(imports.get(file)?.map((one) => one.file))) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  return found;
};

const namesIn = (names: string): string[] =>
  names
    .replace(/^.*?\{|\}.*$/gs, "")
    .split(",")
    .map(
      (one) =>
        one
          .trim()
          .replace(/^type /, "")
          .split(" as ")[0] ?? "",
    );

const unused = (): string[] => {
  const wanted = new Set<string>();
  for (const [file, all] of imports)
    for (const one of all.filter((found) => found.file !== file))
      for (const name of one.names.includes("{") ? namesIn(one.names) : ["*"])
        wanted.add(`${one.file}: ${name}`);
  return sources
    .filter((file) => file !== "src/index.ts" && !wanted.has(`${file}: *`))
    .flatMap((file) =>
      [
        ...(textOf.get(file) ?? "").matchAll(
          /^export (?:async )?(?:abstract )?(?:const|function\*?|class|interface|type) (\w+)/gm,
        ),
      ].map(([, name]) => `${file}: ${name}`),
    )
    .filter((name) => !wanted.has(name));
};

describe("imports", () => {
  it("are seen", () => {
    expect(imports.get("src/model/diagnostic.ts")?.map(({ file }) => file)).toContain(
      "src/model/codes/index.ts",
    );
    expect(sources.length).toBeGreaterThan(100);
  });

  it("go round in no circle", () => expect(circles()).toEqual([]));

  it("use every name that a file exports", () => {
    // TypeScript needs the names of what the rows of the table of codes are made of.
    expect(unused().filter((name) => !name.startsWith("src/model/codes/"))).toEqual([]);
  });
});
