/**
 * What the schema check found, as diagnostics with places in the YAML: one for each mistake, in the words of
 * the file's writer. The noise of `oneOf` and `if/then` is dropped, since their branches report the cause.
 */
import type { ErrorObject } from "ajv";
import type { Diagnostic } from "../model/diagnostic.js";
import { find, placeOf } from "./schema-places.js";
import { wordingOf } from "./schema-wording.js";
import { suggest } from "./suggest.js";
import { nodeRange, type YamlText } from "./yaml-text.js";

/** Missing keys that an unknown key beside them was meant to be: one mistake, one problem. */
const misspelt = (errors: readonly ErrorObject[]): ReadonlySet<string> =>
  new Set(
    errors.flatMap(({ keyword, instancePath, params, parentSchema }) => {
      if (keyword !== "additionalProperties") return [];
      const meant = suggest(String(params.additionalProperty), Object.keys(parentSchema?.properties ?? {}));
      return meant === undefined ? [] : [`${instancePath} ${meant}`];
    }),
  );

/** The keys whose absence an error is about: one, or of a choice any. */
const missingKeys = ({ keyword, params, schema }: ErrorObject): string[] => {
  if (keyword === "required") return [String(params.missingProperty)];
  const isChoice = keyword === "anyOf" || (keyword === "oneOf" && params.passingSchemas === null);
  if (!isChoice || !Array.isArray(schema)) return [];
  return schema.flatMap((choice: { readonly required?: readonly string[] }) => choice.required ?? []);
};

/** Errors of `validatePolicy` (or the like) on `yaml.value`. */
export const schemaProblems = (yaml: YamlText, errors: readonly ErrorObject[]): Diagnostic[] => {
  const seen = new Set<string>();
  const meant = misspelt(errors);
  return errors.flatMap((error) => {
    if (missingKeys(error).some((key) => meant.has(`${error.instancePath} ${key}`))) return [];
    const found = find(yaml, error.instancePath);
    const wording = wordingOf(error, found);
    if (wording === undefined) return [];
    const place = wording.place === undefined ? placeOf(yaml, found) : nodeRange(yaml.source, wording.place);
    const key = `${wording.code} ${place?.line}:${place?.column} ${wording.message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [
      {
        code: wording.code,
        severity: "error" as const,
        message: wording.message,
        ...(wording.hint === undefined ? {} : { hint: wording.hint }),
        ...(place === undefined ? {} : { source: place }),
      },
    ];
  });
};
