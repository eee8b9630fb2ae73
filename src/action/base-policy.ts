/**
 * The policy as it is on the branch that a pull request is for, so that `plan --base` can warn about rules that the
 * pull request takes out of the file. Read through GitHub's API, since a checkout holds one commit only.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { version as ownVersion } from "../cli/package.js";
import { createGithub, isNotFound, problemLine } from "./github.js";
import { annotation } from "./job-output.js";
import type { Job } from "./program.js";

/** Of GitHub's "Get repository content" (docs.github.com), what is read: a file of up to 1 MB, in base64. */
interface Content {
  readonly type?: string;
  readonly encoding?: string;
  readonly content?: string;
}

/** Each part for itself: a policy's path may hold anything. */
const contentsPath = (file: string, commit: string): string =>
  `/contents/${file.split(/[\\/]/).map(encodeURIComponent).join("/")}?ref=${commit}`;

const namesBase = (args: readonly string[]): boolean =>
  args.some((arg) => arg === "--base" || arg.startsWith("--base="));

/** Arguments for `plan`; none where there is no base, or it cannot be read, which is then said. */
export const baseArguments = async (job: Job): Promise<readonly string[]> => {
  const commit = job.event.pull_request?.base?.sha ?? "";
  const knowsBase = job.version === "" || job.version === ownVersion;
  if (!/^[0-9a-f]{40,64}$/.test(commit) || !knowsBase || namesBase(job.args)) return [];
  try {
    const answer = await createGithub(job).call<Content>("GET", contentsPath(job.policy, commit));
    if (answer.type !== "file" || answer.encoding !== "base64")
      throw new Error(`${job.policy} is no file that GitHub shows`);
    const file = join(job.scratch, "base-policy.yaml");
    writeFileSync(file, Buffer.from(answer.content ?? "", "base64"));
    return [`--base=${file}`];
  } catch (error) {
    // A policy that the pull request adds has no base.
    if (isNotFound(error)) return [];
    const message = `The policy of the target branch could not be read, so rules that this pull request takes out of the file are not looked for: ${problemLine(error, job.env)} The job needs the permission \`contents: read\`.`;
    job.print(annotation("notice", { title: "Rules that left the file" }, message));
    return [];
  }
};
