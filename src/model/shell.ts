/** What a message offers for typing, commands and lines of a policy: the functions that put a name into them. */
import { jsonText, visible } from "./escape.js";

/** One word for a POSIX shell, where it can be shown as it is. */
export const shellWord = (text: string): string => {
  const shown = visible(text);
  return /^[\w./:@%+=,-]+$/.test(shown) && !shown.startsWith("-")
    ? shown
    : `'${shown.replaceAll("'", "'\\''")}'`;
};

/** ` --policy FILE`, or nothing where that is the file that each command takes by itself. */
export const policyFlag = (file: string): string =>
  file === "policy.yaml" ? "" : ` --policy ${shellWord(file)}`;

/** As an item of a YAML list in brackets; what cannot be seen is an escape of YAML, so that the name can be pasted. */
export const yamlName = (name: string): string =>
  /^[A-Za-z](?:[\w .-]*\w)?$/.test(name) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(name)
    ? name
    : jsonText(name, 0);
