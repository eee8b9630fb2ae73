/** Links between the pages, and citations of pages in comments, lead to a page and a section that exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const filesUnder = (folder: string, ending: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));

const pages = [
  ...readdirSync(".").filter((name) => name.endsWith(".md") && name !== "CHANGELOG.md"),
  ...filesUnder("docs", /\.md$/),
];

const titlesOf = (page: string): string[] => {
  const text = readFileSync(page, "utf8").replace(/^( *)```[\s\S]*?^\1```$/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title);
};
/** Written by a run, not kept in git. */
const made = /^bench\/(?:results|node_modules|\.cache)/;
/** As GitHub makes it. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");

describe("links in the pages", () => {
  it.each(pages)("%s", (page) => {
    const links = [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(target)) return true;
      return anchor !== undefined && !titlesOf(target).map(anchorOf).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe("files of this project that the pages name", () => {
  it.each(pages)("%s", (page) => {
    const text = readFileSync(page, "utf8");
    const named = [...text.matchAll(/(?<![\w/.])(?:src|test|docs|schemas|scripts|bench)\/[\w./-]*\w/g)];
    expect(named.map(([path]) => path).filter((path) => !existsSync(path) && !made.test(path))).toEqual([]);
  });
});

describe("files that ARCHITECTURE.md names without src/", () => {
  it("exist", () => {
    const named = [...readFileSync("ARCHITECTURE.md", "utf8").matchAll(/`([a-z]+\/[a-z/-]+\.ts)`/g)];
    const files = named.map(([, file = ""]) => file);
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => !existsSync(`src/${file}`))).toEqual([]);
  });
});

describe("tests that the pages name without test/ and their ending", () => {
  it.each(["ARCHITECTURE.md", "SECURITY.md"])("%s", (page) => {
    const named = [...readFileSync(page, "utf8").matchAll(/`(([a-z0-9]+)\/[a-z-]+)`/g)]
      .filter(([, , folder = ""]) => existsSync(join("test", folder)))
      .map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !existsSync(`test/${name}.test.ts`))).toEqual([]);
  });
});

describe("citations in the code", () => {
  const sources = ["src", "test", "bench", "scripts"]
    .flatMap((folder) => filesUnder(folder, /\.m?ts$|\.mjs$/))
    .filter((name) => !/generated|node_modules|\.cache/.test(name));

  it("name a page that exists, and a section that it has", () => {
    const broken = sources.flatMap((file) => {
      const text = readFileSync(file, "utf8").replace(/\n \* /g, " ");
      const cited = text.matchAll(/(?<![\w/])((?:docs\/[\w/-]+|[A-Z]{3,})\.md)(?:, "([^"]+)")?/g);
      return [...cited].flatMap(([all, page = "", title]) =>
        existsSync(page) && (title === undefined || titlesOf(page).includes(title))
          ? []
          : [`${file}: ${all}`],
      );
    });
    expect(broken).toEqual([]);
  });
});
