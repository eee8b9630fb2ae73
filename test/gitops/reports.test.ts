/** Reports of the built program, end to end, read by consumers that are not ours; and the size of a comment. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { validateXML } from "xmllint-wasm";
import { cutMarkdown } from "../../src/action/job-output.js";
import { dbtIpRules } from "../e2e/cli.js";
import { dbtToken, policy, pullRequest, startWorld, type World } from "./world.js";

const schema = (name: string): string => readFileSync(`test/fixtures/schemas/${name}`, "utf8");
/** Names that try to leave every format that they are put into. */
const hostileName = "</testcase>]]><b>`````\\u001b[31m::error::x,y=z";
const hostilePolicy = policy
  .replace("name: Partner", `name: "${hostileName}"`)
  .concat(`tests:\n  - name: "${hostileName}"\n    allowed: [198.51.100.200]\n`);

// The package is CommonJS: its class is the default of the default.
const sarif = new Ajv2020.default({ strict: false, validateFormats: false }).compile(
  JSON.parse(schema("sarif-2.1.0.json")),
);
const sarifProblems = (text: string): unknown => {
  sarif(JSON.parse(text));
  return sarif.errors ?? [];
};

const junitProblems = async (text: string): Promise<unknown> => {
  const result = await validateXML({
    xml: [{ fileName: "report.xml", contents: text }],
    schema: [{ fileName: "junit-10.xsd", contents: schema("junit-10.xsd") }],
  });
  return result.errors;
};

describe("reports of the built program", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    world.write("policy.yaml", hostilePolicy);
  });
  afterEach(() => world.close());

  const run = async (...args: string[]) =>
    dbtIpRules(args, {
      cwd: world.workspace,
      env: {
        DBT_CLOUD_HOST_URL: world.emulator.url,
        DBT_CLOUD_TOKEN: dbtToken,
        XDG_STATE_HOME: world.workspace,
      },
    });
  const written = (name: string): string => readFileSync(join(world.workspace, name), "utf8");

  it("validate: SARIF, JUnit and code quality", async () => {
    const ran = await run(
      "validate",
      "--write",
      "sarif=a.sarif",
      "--write",
      "junit=a.xml",
      "--write",
      "code-quality=a.json",
    );
    expect(ran.code).toBe(3);
    expect(sarifProblems(written("a.sarif"))).toEqual([]);
    expect(await junitProblems(written("a.xml"))).toEqual([]);
    // The shape that GitLab documents for code quality.
    for (const issue of JSON.parse(written("a.json")) as Record<string, unknown>[])
      expect(issue).toMatchObject({
        description: expect.any(String),
        check_name: expect.any(String),
        fingerprint: expect.stringMatching(/^[0-9a-f]{32,}$/),
        severity: expect.stringMatching(/^(info|minor|major|critical|blocker)$/),
        location: { path: "policy.yaml", lines: { begin: expect.any(Number) } },
      });
  });

  it("plan, drift and audit: terraform report, markdown, SARIF, JUnit", async () => {
    world.write("policy.yaml", hostilePolicy.replace(/tests:[\s\S]*/, ""));
    const planned = await run(
      "plan",
      "--write",
      "gitlab=t.json",
      "--write",
      "markdown=p.md",
      "--out",
      "plan.json",
    );
    expect(planned.code, planned.stderr).toBe(0);
    expect(JSON.parse(written("t.json"))).toEqual({ create: 1, update: 1, delete: 0 });
    const html = micromark(written("p.md"), {
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
      allowDangerousHtml: true,
    });
    expect(html).not.toContain("<b>");
    const drift = await run("drift", "--write", "sarif=d.sarif");
    expect(drift.code, drift.stderr).toBe(2);
    expect(sarifProblems(written("d.sarif"))).toEqual([]);
    const applied = await run("apply", "plan.json", "--auto-approve", "--receipt", "r.jsonl");
    expect(applied.code, applied.stderr).toBe(0);
    const audited = await run("audit", "verify", "--receipt", "r.jsonl", "--write", "junit=v.xml");
    expect(audited.code, audited.stderr).toBe(0);
    expect(await junitProblems(written("v.xml"))).toEqual([]);
  });

  it("a plan of thousands of ranges still fits into a comment, and says what is left out", async () => {
    const ranges = Array.from(
      { length: 6_000 },
      (_, index) => `100.${64 + (index >> 7)}.${(index & 127) * 2}.0/24`,
    );
    world.write(
      "policy.yaml",
      policy
        .replace("[192.0.2.64/28]", `[${ranges.join(", ")}]`)
        .replace("overlapping-rules", "special-purpose: off\n  overlapping-rules"),
    );
    const ran = await world.runSteps({ args: "--allow-newly-allowed" }, { event: pullRequest() });
    expect(ran.code, ran.log.slice(-2000)).toBe(0);
    const [comment] = world.github.comments.get(12) ?? [];
    expect(comment?.body.length).toBeLessThanOrEqual(65_536);
    expect(comment?.body).toContain("6,000 prefixes, the 10 widest");
    expect(comment?.body).toMatch(/left out here for length; all of them/);
  });
});

describe("what is in the bundle", () => {
  // A copy of the repository may be in a folder of any name.
  it("the SBOM names it, and not the toolchain", () => {
    const text = execFileSync(process.execPath, ["scripts/sbom.mjs"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    // Made by npm, in the form that CycloneDX 1.5 gives.
    const sbom = JSON.parse(text) as {
      bomFormat: string;
      metadata: { component: { "bom-ref": string; name: string } };
      components: { "bom-ref": string; name: string; purl?: string }[];
      dependencies: { ref: string; dependsOn: string[] }[];
    };
    expect(sbom.bomFormat).toBe("CycloneDX");
    expect(sbom.metadata.component.name).toBe("dbt-ip-rules");
    const names = sbom.components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["yaml", "ajv", "commander", "undici", "llhttp", "chalk", "fast-json-patch"]),
    );
    for (const name of ["vitest", "typescript", "rolldown"]) expect(names).not.toContain(name);
    for (const { name, purl } of sbom.components) if (name !== "llhttp") expect(purl).toMatch(/^pkg:npm\//);
    const refs = sbom.components.map((component) => component["bom-ref"]);
    expect(new Set(sbom.dependencies.map(({ ref }) => ref))).toEqual(
      new Set([sbom.metadata.component["bom-ref"], ...refs]),
    );
    const ofUndici = sbom.dependencies.find(({ ref }) => /^undici@[\d.]+$/.test(ref));
    expect(ofUndici?.dependsOn).toEqual([expect.stringMatching(/^undici@[\d.]+#llhttp$/)]);
  });

  it("the notices hold the licence of each, and of the parser inside undici", () => {
    execFileSync(process.execPath, ["scripts/notices.mjs"]);
    const notices = readFileSync("dist/THIRD_PARTY_NOTICES.md", "utf8");
    expect(notices).toMatch(/^## undici [\d.]+ \(MIT\)$/m);
    expect(notices).toMatch(/^## llhttp, inside undici \(MIT\)$/m);
    expect(notices).toContain("Copyright Fedor Indutny, 2018.");
  });
});

describe("cutting a text to a limit", () => {
  const long = [
    "### Title",
    "",
    "<details><summary>Rows</summary>",
    "",
    "````diff",
    ...Array.from({ length: 400 }, (_, index) => `+ row ${index} \`\`\` </details>`),
    "````",
    "",
    "</details>",
    "",
    "end",
  ].join("\n");

  it("leaves a text alone that fits", () => {
    expect(cutMarkdown(long, long.length)).toBe(long);
  });

  it.each([250, 600, 3_000, 9_000])("to %i: within it, whole lines, everything closed", (max) => {
    const text = cutMarkdown(long, max);
    expect(text.length).toBeLessThanOrEqual(max);
    expect(text).toContain("left out here for length");
    const html = micromark(text, {
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
      allowDangerousHtml: true,
    });
    expect(html.match(/<details>/g)?.length).toBe(html.match(/<\/details>/g)?.length);
    expect(html).toMatch(/<em>The rest is left out/);
    for (const line of text.split("\n")) if (line.startsWith("+")) expect(long).toContain(`${line}\n`);
  });
});
