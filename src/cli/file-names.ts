/**
 * Which values may name a file that a command writes: one rule for every option that names one. Promise: no file is named
 * like an option or a format unless its folder is named too (`./json`).
 */

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

/** `FORMAT=FILE` of `--write`; undefined where it lacks one of the two. */
export const writeParts = (text: string): { readonly format: string; readonly file: string } | undefined => {
  const at = text.indexOf("=");
  return at < 1 || at === text.length - 1
    ? undefined
    : { format: text.slice(0, at), file: text.slice(at + 1) };
};
