/**
 * The schema check, one rule, test or network at a time: the validator copies all errors so far with each item
 * that has some, so that a long list of mistakes would take the square of its length. Beyond a number of
 * errors that nobody reads, it stops.
 */

import type { ErrorObject, ValidateFunction } from "ajv";
import { isObject, type JsonObject } from "../model/json.js";
import type { Problems } from "./problems.js";
import { find, placeOf, wordingOf } from "./schema-wording.js";
import { suggest } from "./suggest.js";
import { nodeRange, type YamlText } from "./yaml.js";

/** Missing keys that an unknown key next to them was meant to be: one mistake, one problem. */
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

/**
 * What the schema check found, as diagnostics with places in the YAML: one for each mistake, in the words of
 * the file's writer. The noise of `oneOf` and `if/then` is dropped, since their branches report the cause.
 *
 * Reports errors of `validatePolicy` (or the like) on `yaml.value`.
 */
export const reportErrors = (problems: Problems, yaml: YamlText, errors: readonly ErrorObject[]): void => {
  const seen = new Set<string>();
  const meant = misspelt(errors);
  for (const error of errors) {
    if (missingKeys(error).some((key) => meant.has(`${error.instancePath} ${key}`))) continue;
    const found = find(yaml, error.instancePath);
    const wording = wordingOf(error, found);
    if (wording === undefined) continue;
    const place = wording.place === undefined ? placeOf(yaml, found) : nodeRange(yaml.source, wording.place);
    const key = `${wording.code} ${place?.line}:${place?.column} ${wording.same}`;
    if (seen.has(key)) continue;
    seen.add(key);
    problems.addIfWanted(wording.code, place?.file, () => wording.at(place));
  }
};

/** Enough for anybody; the check has failed by then anyway. */
const mostErrors = 5000;

/** What a path begins with in the piece, and in the whole. */
interface Piece {
  readonly value: unknown;
  readonly inPiece: string;
  readonly inWhole: string;
}

const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

function* piecesOf(value: JsonObject, base: JsonObject): Iterable<Piece> {
  const skeleton: Record<string, unknown> = { ...value };
  for (const list of ["rules", "tests"])
    if (Array.isArray(value[list]) && "rules" in base) skeleton[list] = [];
  if (isObject(value.networks)) skeleton.networks = {};
  yield { value: skeleton, inPiece: "", inWhole: "" };
  for (const list of ["rules", "tests"]) {
    const items: unknown = value[list];
    if (!Array.isArray(items) || !("rules" in base)) continue;
    for (const [index, item] of items.entries())
      yield { value: { ...base, [list]: [item] }, inPiece: `/${list}/0`, inWhole: `/${list}/${index}` };
  }
  if (!isObject(value.networks)) return;
  for (const [name, network] of Object.entries(value.networks)) {
    const path = `/networks/${escaped(name)}`;
    // Not `{[name]: …}` by assignment: a name may be `__proto__`.
    yield {
      value: { ...base, networks: Object.fromEntries([[name, network]]) },
      inPiece: path,
      inWhole: path,
    };
  }
}

/** Reports what the schema finds. `base` is the least that the schema accepts: what is around each piece. */
export const checkSchema = (
  problems: Problems,
  yaml: YamlText,
  validator: ValidateFunction,
  base: JsonObject,
): void => {
  if (!isObject(yaml.value)) {
    if (!validator(yaml.value)) reportErrors(problems, yaml, validator.errors ?? []);
    return;
  }
  const errors: ErrorObject[] = [];
  for (const { value, inPiece, inWhole } of piecesOf(yaml.value, base)) {
    if (validator(value)) continue;
    for (const error of validator.errors ?? []) {
      if (errors.length >= mostErrors) break;
      const moved = inPiece !== inWhole && error.instancePath.startsWith(inPiece);
      errors.push(
        moved ? { ...error, instancePath: inWhole + error.instancePath.slice(inPiece.length) } : error,
      );
    }
    if (errors.length >= mostErrors) break;
  }
  reportErrors(problems, yaml, errors);
};
