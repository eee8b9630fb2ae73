/** One call of the program, and its reports where GitHub shows them: the log, the annotations, the job summary. */
import { join } from "node:path";
import { runProgram } from "./program.mjs";
import { annotateDiagnostics, fenced, textOf, writeSummary } from "./results.mjs";

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What the program says of its variables and flags, a workflow has as inputs. */
const hints = {
  "token-missing":
    "The input token is empty: is the secret set in this repository, or in the environment that this job names?",
  "host-missing":
    "The input host is empty, and the policy names none: is the variable set that the workflow takes it from?",
};
const asSeenFromGithub = (diagnostic) => {
  const hint = Object.hasOwn(hints, diagnostic.code) ? hints[diagnostic.code] : diagnostic.hint;
  return { ...diagnostic, hint };
};

/**
 * Runs a command with JSON on standard output and other formats beside it, prints the text and the annotations, and
 * appends the markdown to the job summary. `document` is what the command says where it came to a verdict.
 */
export const report = async (settings, name, args, formats, print = true) => {
  const file = (format) => join(settings.scratch, `${name}.${format}`);
  const writes = formats.flatMap((format) => ["--write", `${format}=${file(format)}`]);
  const { code, stdout } = await runProgram(settings, [...args, "--no-color", "--format", "json", ...writes]);
  const document = parsed(stdout);
  const text = textOf(file("text"));
  const markdown = textOf(file("markdown"));
  if (print) process.stdout.write(text);
  const annotations = textOf(file("github"));
  process.stdout.write(annotations);
  // The marker has no meaning outside a comment.
  if (markdown !== "") writeSummary(settings.env, markdown.replace(/^<!--.*-->\n/, ""));
  const failed = document?.format === "dbt-ip-rules/diagnostics";
  if (failed && annotations === "")
    process.stdout.write(annotateDiagnostics(document.diagnostics.map(asSeenFromGithub)));
  if (failed && name !== "validate") {
    const said = document.diagnostics.map(
      ({ code: kind, severity, message }) => `${severity}[${kind}]: ${message}`,
    );
    writeSummary(settings.env, `### dbt IP restrictions: ${name} failed\n\n${fenced(said.join("\n"))}`);
  }
  return { code, document, text, markdown };
};
