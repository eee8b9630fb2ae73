/**
 * Values of options that would make a file of a strange name. Promises: no file is named like an option or a format unless
 * its folder is named too (`./json`); what is refused says what to type.
 */
import type { Command, Option } from "commander";
import { visible } from "../../model/escape.js";
import { shellWord } from "../../model/shell.js";
import { roleOf, writeParts } from "./named-files.js";

const formatWords = new Set(
  "text txt plain raw json yaml yml kyaml markdown md github gitlab sarif junit xml html csv tsv ndjson jsonl table wide name tf hcl toml template templatefile code-quality matrix".split(
    " ",
  ),
);

/** Also kubectl's `jsonpath={.x}`, `custom-columns=…`, `go-template=…`. */
export const looksLikeFormat = (text: string): boolean =>
  formatWords.has(text.trim().toLowerCase()) ||
  /^(jsonpath|custom-columns|go-template)(-file)?\b/.test(text.trim());

/** Why a value names no file to write; undefined where it may. `-` is standard output. */
export const strangeName = (value: string): "empty" | "dash" | "option" | "format" | undefined => {
  if (value.trim() === "" || value.startsWith("=")) return "empty";
  if (value === "-") return "dash";
  if (value.trim().startsWith("-")) return "option";
  return looksLikeFormat(value) ? "format" : undefined;
};

/** What is wrong with a value, and what to type in its place. */
interface StrangeValue {
  readonly problem: string;
  readonly type: string;
}

/** `separate`: it was a word of its own, and not behind a `=`. Undefined where nothing is wrong with it. */
export const strangeValue = (
  command: Command,
  option: Option,
  { value, separate, path }: { readonly value: string; readonly separate: boolean; readonly path: string },
): StrangeValue | undefined => {
  const line = `dbt-ip-rules ${path}`;
  const name = option.long ?? "";
  const role = roleOf(command.name(), name);
  if (name === "--format" && option.argChoices?.includes(value) === false && /[./]/.test(value))
    return {
      problem: `--format (-f) says what to print, and ${shellWord(value)} is a file`,
      type: `${line}${/\.jsonl?$/.test(value) ? "" : " --policy"} ${shellWord(value)}`,
    };
  if (value.startsWith("-") && value !== "-" && (separate || (role !== undefined && name !== "--write")))
    return {
      problem: `${name} needs a value, and what follows looks like an option`,
      type:
        role === undefined
          ? `${line} ${name}=VALUE`
          : `${line} ${name} ${name === "--write" ? "FORMAT=" : ""}FILE`,
    };
  if (role === undefined) return undefined;
  // `--write` without one of its parts: the parser says so.
  const written = name === "--write" ? writeParts(value) : { format: undefined, file: value };
  return (
    written &&
    strangeFile(command, option, {
      ...written,
      path,
      isRead: role === "input" || (role === "in-place" && name === "--policy"),
    })
  );
};

/** `isRead`: of an input, `-` is standard input. `format`: that of `--write`. */
const strangeFile = (
  command: Command,
  { long: name = "", mandatory }: Option,
  named: {
    readonly file: string;
    readonly format: string | undefined;
    readonly path: string;
    readonly isRead: boolean;
  },
): StrangeValue | undefined => {
  const { file, format, path, isRead } = named;
  const line = `dbt-ip-rules ${path}`;
  const withFile = `${line} ${name} ${format === undefined ? "" : `${shellWord(format)}=`}FILE`;
  const unlike = `${name} takes the name of a file, and`;
  const meant = `for a file of that name write ./${visible(file.trim())}`;
  switch (strangeName(file)) {
    case "empty":
      return { problem: `${name} needs the name of a file`, type: withFile };
    case "dash":
      // Of --output it is what there is without it (`withoutDash`).
      if (isRead || (name === "--output" && !mandatory)) return undefined;
      return {
        problem: `${unlike} - is none; ${meant}`,
        type: format === undefined ? withFile : `${line} --format ${shellWord(format)}`,
      };
    case "option":
      return { problem: `${unlike} ${shellWord(file)} looks like an option; ${meant}`, type: withFile };
    case "format":
      return {
        problem: `${unlike} ${shellWord(file)} is a format; ${meant}`,
        type: name === "--output" ? `${line}${formatFor(command, file.trim())}` : withFile,
      };
    default:
      return undefined;
  }
};

/** The closest that the command can print. */
const formatFor = (command: Command, word: string): string => {
  const choices = command.options.find(({ long }) => long === "--format")?.argChoices ?? [];
  const meant = { txt: "text", table: "text", wide: "text", md: "markdown" }[word] ?? word;
  const found = [meant, "json", "csv"].find((one) => choices.includes(one));
  return found === undefined ? " --output FILE" : ` --format ${found}`;
};
