/** What `init` writes, as values: the templates of examples/init, with the user's account and file names in them. */
import { dirname, posix, relative, sep } from "node:path";
import { readPackageFile } from "./package-file.js";
import { version } from "./version.js";

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

/** In the order in which they are written. */
export const firstFiles = (answers: FirstAnswers): readonly FirstFile[] => {
  // Quoted as JSON where YAML could read the name as something else.
  const name = asPosix(answers.policy);
  const inYaml = /^[A-Za-z0-9_./-]+$/.test(name) ? name : JSON.stringify(name);
  const workflow = {
    name: ".github/workflows/dbt-ip-rules.yml",
    // Exactly this version: a pipeline that changes by itself is not reviewed.
    text: readPackageFile("examples/init/github-workflow.yml")
      .replace("@VERSION", () => `@${version}`)
      .replace("URL: HOST", () => `URL: ${answers.host ?? "YOUR_ACCESS_URL # such as ab123.us1.dbt.com"}`)
      .replace(/(?<=\[|POLICY: )policy\.yaml/g, () => inYaml),
  };
  return [
    { name: answers.policy, text: policyText(answers) },
    ...(answers.workflow ? [workflow] : []),
    { name: schemaFile, text: readPackageFile("schemas/policy.schema.json") },
    {
      name: ".vscode/settings.json",
      text: readPackageFile("examples/init/vscode-settings.json").replace('"policy.yaml"', () =>
        JSON.stringify(name),
      ),
    },
  ];
};
