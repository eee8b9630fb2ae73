/** Reads a saved plan from disk. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure, failure } from "../model/failure.js";
import type { Plan } from "../plan/plan.js";
import { readPlanFile } from "../plan/plan-file.js";
import { shellWord } from "./file-words.js";
import type { Io } from "./io.js";
import { reasonOf } from "./io-errors.js";

/** Throws `Failure` where the file is missing, damaged, or of a version this program does not know. */
export const readPlan = async (io: Io, file: string): Promise<Plan> => {
  const text = await readFile(resolve(io.cwd, file), "utf8").catch((error: unknown) => {
    const isFolder = error instanceof Error && "code" in error && error.code === "EISDIR";
    const hint = isFolder
      ? `Name one of the plans in it: ${shellWord(`${file.replace(/\/+$/, "")}/NAME.plan.json`)}`
      : "Make one with: dbt-ip-rules plan --out FILE";
    throw failure("plan-file-unreadable", `Cannot read the plan ${file}: ${reasonOf(error)}`, hint, {
      cause: error,
    });
  });
  if (/\.ya?ml$/i.test(file))
    throw failure(
      "plan-file-not-a-plan",
      `${file} is not a saved plan`,
      `For a policy, name it with --policy ${shellWord(file)}`,
    );
  const { plan, diagnostics } = readPlanFile(text, file);
  if (plan === undefined) throw new Failure(diagnostics);
  return plan;
};
