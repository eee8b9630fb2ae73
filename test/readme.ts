/** What the README tells people to type, for tests that take it at its word. */
import { readFileSync } from "node:fs";

export const readme = readFileSync("README.md", "utf8");

const everyDay = readme.slice(readme.indexOf("## Every day"), readme.indexOf("## More"));

/** The YAML that the row of "Every day" beginning with `what` says to write. */
export const changeFor = (what: string): string => {
  const [, text] = new RegExp(`^\\| ${what}.* \\|.*?\`([^\`]*[:{][^\`]*)\``, "m").exec(everyDay) ?? [];
  if (text === undefined) throw new Error(`the README has no change for: ${what}`);
  return text;
};
