/** Checks a policy against the schema as one would with js-yaml and ajv: syntax and shape, no meaning. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { load } from "js-yaml";

const [file = "", schema = ""] = process.argv.slice(2);
const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));
const policy: unknown = load(readFileSync(file, "utf8"));
if (!validate(policy)) throw new Error(ajv.errorsText(validate.errors));
process.stdout.write(`${(policy as { rules: readonly unknown[] }).rules.length} rules are valid\n`);
