/** This package: its version, and the files that it brings along (sample policy, templates, schemas), wherever this module is. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The nearest folder above this module that holds the package's `package.json`. */
const packageFolder = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error("the package's own folder was not found");
    folder = above;
  }
  return folder;
};

/** The path of one of them; `name` is relative to the package's folder. */
export const packageFile = (name: string): string => join(packageFolder(), name);

export const readPackageFile = (name: string): string => readFileSync(packageFile(name), "utf8");

/** Where `init` copies the policy's schema to, for editors: a policy's first line names it. */
export const schemaFile = ".vscode/dbt-ip-rules.schema.json";

declare const __VERSION__: string | undefined;

/** The package's version; the build writes it in, and a run from source says so. */
export const version: string = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-source";
