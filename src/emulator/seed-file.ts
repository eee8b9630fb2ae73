/** Reads a seed from a YAML or JSON file, or from an account that `show --format json` printed. */
import { readFileSync } from "node:fs";
import type { ErrorObject } from "ajv";
import { parseDocument } from "yaml";
import { validateEmulatorSeed } from "../generated/validators.js";
import { failure } from "../model/failure.js";
import { isAccountDocument, seedOfAccount } from "./account-seed.js";
import type { Seed } from "./seed.js";

/** The first thing that a schema finds wrong, with its place. */
export const schemaProblem = (errors: readonly ErrorObject[] | null | undefined): string => {
  const error = errors?.find(({ keyword }) => keyword !== "oneOf" && keyword !== "if") ?? errors?.[0];
  if (error === undefined) return "it does not fit the schema";
  const extra =
    error.keyword === "additionalProperties" ? ` (${String(error.params.additionalProperty)})` : "";
  return `${error.instancePath === "" ? "the top level" : error.instancePath}: ${error.message ?? "wrong"}${extra}`;
};

/** The seed, or what is wrong with it. */
export const validSeed = (value: unknown): Seed | string =>
  // The schema describes exactly the type.
  validateEmulatorSeed(value) ? (value as Seed) : schemaProblem(validateEmulatorSeed.errors);

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw failure("emulator-seed", `The seed file ${file} cannot be read`, "Check the path after --seed", {
      cause,
    });
  }
};

/** JSON is YAML too; read as JSON, a large account takes a tenth of the time. */
const contentOf = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    const document = parseDocument(text);
    const [problem] = document.errors;
    if (problem === undefined) return document.toJS({ maxAliasCount: 100 });
    throw failure("emulator-seed", `The seed file ${file} is no YAML: ${problem.message.split("\n")[0]}`);
  }
};

/** Throws `Failure` where the file cannot be read or is no seed. */
export const readSeedFile = (file: string): Seed => {
  const value = contentOf(textOf(file), file);
  const seed = validSeed(isAccountDocument(value) ? seedOfAccount(value) : value);
  if (typeof seed === "string")
    throw failure(
      "emulator-seed",
      `The seed file ${file} cannot be used: ${seed}`,
      "docs/emulator.md shows what a seed may hold",
    );
  return seed;
};
