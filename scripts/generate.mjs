// Compiles every schema of schemas/ into a module of plain validator functions (ajv standalone), so that no start
// of the program pays for compiling a schema. One module a schema, so that a command loads only what it checks.
// Output: src/generated/NAME.js, and validators.js, which names them all, with its types.
// And the script and the style of the HTML report, as texts with their hashes: src/generated/page.js.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import formats from "ajv-formats";
import { rolldown } from "rolldown";

// Both are CommonJS, whose types put the function one `default` further in than Node does.
/** @type {typeof standalone.default} */
const standaloneCode = Object(standalone).default ?? standalone;
/** @type {typeof formats.default} */
const addFormats = Object(formats).default ?? formats;

/** @param {string} name */
const camel = (name) => name.replace(/-([a-z0-9])/g, (part) => part.slice(1).toUpperCase());

/** What is for readers and editors alone; a validator holds its schema, and every start would read it. */
const annotations = ["$comment", "title", "description", "examples", "default"];
/** Keywords whose members are schemas by name, whatever the names are. */
const byName = ["properties", "patternProperties", "$defs"];

/**
 * @param {unknown} schema
 * @param {boolean} named whether its keys are names, and no keywords
 * @returns {unknown}
 */
const withoutAnnotations = (schema, named = false) => {
  if (Array.isArray(schema)) return schema.map((one) => withoutAnnotations(one));
  if (typeof schema !== "object" || schema === null) return schema;
  // The program's own parser says more of a wrong prefix than a pattern can.
  const dropped = "$comment" in schema ? [...annotations, "pattern"] : annotations;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => named || !dropped.includes(key))
      .map(([key, value]) => [key, withoutAnnotations(value, !named && byName.includes(key))]),
  );
};

/**
 * A choice between values of different types, as one branch for each type: of a wrong value it is then said what is
 * wrong with it, and not also that it is none of the other types.
 *
 * @param {unknown} schema
 * @returns {unknown}
 */
const byType = (schema) => {
  if (Array.isArray(schema)) return schema.map(byType);
  if (typeof schema !== "object" || schema === null) return schema;
  const all = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, byType(value)]));
  const { anyOf, ...rest } = all;
  if (!Array.isArray(anyOf)) return all;
  const types = anyOf.map((branch) => branch.type);
  if (types.includes(undefined)) return all;
  return {
    ...rest,
    type: types,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    allOf: anyOf.map((branch) => ({ if: { type: branch.type }, then: branch })),
  };
};

/** @param {unknown} schema */
const compile = (schema) => {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    verbose: true,
    code: { source: true, esm: true },
  });
  addFormats(ajv, ["date", "date-time"]);
  return standaloneCode(
    ajv,
    ajv.compile(/** @type {import("ajv").AnySchema} */ (byType(withoutAnnotations(schema)))),
  );
};

const folder = "src/generated";
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
/** What the program prints and never reads: their schemas are for others, and tests. */
const printed = new Set(
  "apply audit audit-event-types audit-events diagnostics doctor drift explain explanations files list-catalogue lists policies replay shapes terraform-plan".split(
    " ",
  ),
);
const names = (await readdir("schemas"))
  .filter((file) => file.endsWith(".schema.json"))
  .map((file) => file.replace(".schema.json", ""))
  .filter((name) => !printed.has(name))
  .sort();
for (const name of names)
  await writeFile(
    `${folder}/${name}.js`,
    compile(JSON.parse(await readFile(`schemas/${name}.schema.json`, "utf8"))),
  );
/** @param {(validate: string, name: string) => string} line */
const each = (line) => names.map((name) => line(camel(`validate-${name}`), name)).join("");
await writeFile(
  `${folder}/validators.js`,
  each((validate, name) => `export { validate as ${validate} } from "./${name}.js";\n`),
);
await writeFile(
  `${folder}/validators.d.ts`,
  `import type { ValidateFunction } from "ajv";\n${each((validate) => `export declare const ${validate}: ValidateFunction;\n`)}`,
);

/** The script of the page in one text that runs in a browser, with what it uses of src/address and src/plan. */
const pageScript = async () => {
  const bundle = await rolldown({ input: "src/report/html/script/main.ts", platform: "browser" });
  const { output } = await bundle.generate({ format: "iife", minify: true });
  await bundle.close();
  return output[0].code.trim();
};

/** Without comments and indentation. */
const pageStyle = async () =>
  (await readFile("src/report/html/style.css", "utf8"))
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\n\s*/g, "\n")
    .trim();

/**
 * As a Content-Security-Policy names it.
 *
 * @param {string} text
 */
const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

const page = { script: await pageScript(), style: await pageStyle() };
if (/<\/(script|style)|<!--/i.test(page.script + page.style))
  throw new Error("the page's script or style would end itself");
const constants = {
  pageScript: page.script,
  pageScriptHash: hash(page.script),
  pageStyle: page.style,
  pageStyleHash: hash(page.style),
};
await writeFile(
  `${folder}/page.js`,
  Object.entries(constants)
    .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};\n`)
    .join(""),
);
await writeFile(
  `${folder}/page.d.ts`,
  Object.keys(constants)
    .map((name) => `export declare const ${name}: string;\n`)
    .join(""),
);
