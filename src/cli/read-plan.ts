/** Reads a saved plan from disk. */
import { largest, readNamedText } from "../files/read-file.js";
import { Failure, failure } from "../model/failure.js";
import type { Plan } from "../plan/plan.js";
import { readPlanFile } from "../plan/plan-file.js";
import { shellWord } from "./file-words.js";
import type { Io } from "./io.js";
import { reasonOf } from "./io-errors.js";

/** Throws `Failure` where the file is missing, damaged, or of a version this program does not know. */
export const readPlan = async (io: Io, file: string): Promise<Plan> => {
  const { plan, diagnostics } = readPlanFile(textOf(io, file), file);
  if (plan === undefined) throw new Failure(diagnostics);
  return plan;
};

const textOf = (io: Io, file: string): string => {
  if (/\.ya?ml$/i.test(file))
    throw failure(
      "plan-file-not-a-plan",
      `${file} is not a saved plan`,
      `For a policy, name it with --policy ${shellWord(file)}`,
    );
  try {
    return readNamedText(io.cwd, file, { most: largest.document });
  } catch (error) {
    const isFolder = error instanceof Error && "code" in error && error.code === "EISDIR";
    const hint = isFolder
      ? `Name one of the plans in it: ${shellWord(`${file.replace(/\/+$/, "")}/NAME.plan.json`)}`
      : "Make one with: dbt-ip-rules plan --out FILE";
    throw failure("plan-file-unreadable", `Cannot read the plan ${file}: ${reasonOf(error)}`, hint, {
      cause: error,
    });
  }
};
