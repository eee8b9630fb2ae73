// Compiles every schema of schemas/ into one module of plain validator functions (ajv standalone), so that
// no start of the program pays for compiling a schema. Output: src/generated/validators.js and its types.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import Ajv2020 from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import addFormats from "ajv-formats";

const camel = (name) => name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  verbose: true,
  code: { source: true, esm: true },
});
addFormats(ajv, ["date", "date-time"]);

const exported = {};
for (const file of (await readdir("schemas")).filter((name) => name.endsWith(".schema.json")).sort()) {
  const schema = JSON.parse(await readFile(`schemas/${file}`, "utf8"));
  ajv.addSchema(schema);
  exported[`validate${camel(`-${file.replace(".schema.json", "")}`)}`] = schema.$id;
}

const names = Object.keys(exported);
await mkdir("src/generated", { recursive: true });
await writeFile("src/generated/validators.js", standaloneCode(ajv, exported));
await writeFile(
  "src/generated/validators.d.ts",
  `import type { ValidateFunction } from "ajv";\n${names
    .map((name) => `export declare const ${name}: ValidateFunction;\n`)
    .join("")}`,
);
