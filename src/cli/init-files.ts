/** What `init` writes, as values: the templates of examples/, with the user's account and file names in them. */
import { dirname, posix, relative, sep } from "node:path";
import { readPackageFile } from "./package-file.js";

export interface FirstAnswers {
  readonly account?: string;
  readonly host?: string;
  /** Where the policy goes, as the user named it. */
  readonly policy: string;
  readonly workflow: boolean;
}

export interface FirstFile {
  readonly name: string;
  readonly text: string;
}

const schemaFile = ".vscode/dbt-ip-rules.schema.json";

const asPosix = (path: string): string => path.split(sep).join(posix.sep);

const policyText = ({ account, host, policy }: FirstAnswers): string => {
  const given = [
    ...(account === undefined ? [] : [`  id: ${account}`]),
    ...(host === undefined ? [] : [`  host: ${host}`]),
  ];
  const text = readPackageFile("examples/init/policy.yaml").replace(
    "../../schemas/policy.schema.json",
    asPosix(relative(dirname(policy), schemaFile)),
  );
  if (given.length === 0) return text;
  return text.replace(/# account:\n#.*\n#.*\n/, () => `account:\n${given.join("\n")}\n`);
};

export const workflowFolder = ".github/workflows";

/**
 * The workflows of examples/github. The host is named in them and not by the policy alone, so that no policy in a pull
 * request can send a token elsewhere.
 */
const workflowFiles = ({ host }: FirstAnswers, policy: string): readonly FirstFile[] => {
  const withHost = (text: string): string =>
    host === undefined
      ? text
      : text
          .replace(/^# .*the variable DBT_HOST .*\n/m, "")
          .replace(/\$\{\{ vars\.DBT_HOST \}\}/g, () => host);
  // Quoted as JSON where YAML could read the name as something else.
  const inYaml = /^[A-Za-z0-9_./-]+$/.test(policy) ? policy : JSON.stringify(policy);
  return ["pull-request", "apply", "drift"].map((name) => ({
    name: `${workflowFolder}/ip-restrictions-${name}.yml`,
    text: withHost(readPackageFile(`examples/github/${name}.yml`))
      .replace("paths: [policy.yaml]", () => `paths: [${inYaml}]`)
      .replace(/^( +)command: .*\n/gm, (line, indent) =>
        policy === "policy.yaml" ? line : `${line}${indent}policy: ${inYaml}\n`,
      ),
  }));
};

/** In the order in which they are written. */
export const firstFiles = (answers: FirstAnswers): readonly FirstFile[] => {
  const name = asPosix(answers.policy);
  return [
    { name: answers.policy, text: policyText(answers) },
    ...(answers.workflow ? workflowFiles(answers, name) : []),
    { name: schemaFile, text: readPackageFile("schemas/policy.schema.json") },
    {
      name: ".vscode/settings.json",
      text: readPackageFile("examples/init/vscode-settings.json").replace('"policy.yaml"', () =>
        JSON.stringify(name),
      ),
    },
  ];
};
