/**
 * Runs a job of a workflow file: steps of this repository's action and `run:` scripts; of other actions it keeps only
 * that they stand there. Knows the few expressions that the examples use, and throws at any other.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Ran, substitute } from "./runner.js";

export interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly needs?: string;
  readonly if?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly "timeout-minutes"?: number;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly (string | number)[]>> };
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

export const readWorkflow = (file: string): Workflow => parse(readFileSync(file, "utf8")) as Workflow;

const ownAction = /^([\w-]+\/dbt-ip-rules@v\d+\.\d+\.\d+|\.\/)$/;

/** Every expression's value that the job may use: `secrets.X`, `vars.X`, `matrix.x`, `steps.id.outputs.x`. */
export type Values = Readonly<Record<string, string | undefined>>;

/** The last run of the action in the job. */
export const runJob = async (
  job: Job,
  values: Values,
  run: (inputs: Readonly<Record<string, string>>) => Promise<Ran>,
): Promise<Ran> => {
  let last: Ran | undefined;
  for (const step of job.steps) {
    if (step.uses === undefined || !ownAction.test(step.uses)) continue;
    const inputs = Object.entries(step.with ?? {}).map(([name, text]) => [
      name,
      substitute(String(text), values),
    ]);
    last = await run(Object.fromEntries(inputs));
    if (last.code !== 0) break;
  }
  if (last === undefined) throw new Error("the job does not use the action");
  return last;
};
