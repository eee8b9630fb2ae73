/**
 * What `source:` of a network asks for: the list's URL and where its prefixes are in it, a name of the catalogue
 * looked up. Both `lists update`, which fetches it, and the check of the lock against the policy begin here.
 */
import { type Diagnostic, diagnostic } from "../model/diagnostic.js";
import { present } from "../model/present.js";
import { catalogueEntry, listCatalogue } from "./list-catalogue.js";
import type { Located, RawContent, RawNetwork } from "./raw-policy.js";
import type { ListFormat } from "./read-list.js";
import { suggest } from "./suggest.js";

/** A published list, as the policy or one of its includes asks for it. */
export interface ListSource {
  /** Of its network, which its entry in the lock has too. */
  readonly name: Located<string>;
  /** https, as written. */
  readonly url: string;
  readonly format: ListFormat;
  readonly hostBits: "error" | "allow";
  readonly allowEmpty: boolean;
  /** Percent; absent: no limit. */
  readonly maxChange?: number;
  /** Days. */
  readonly maxAge: number;
}

/** Days after which a list is old, where the policy does not say. */
const defaultMaxAge = 90;

type SourceContent = Extract<RawContent, { kind: "source" }>;

type FoundSource =
  | { readonly ok: true; readonly source: ListSource }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** A published list has an https URL; what could carry a secret is refused. */
const urlProblem = (text: string): "not-a-url" | "not-https" | "credentials" | undefined => {
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return "not-a-url";
  const url = new URL(text);
  if (url.protocol !== "https:") return "not-https";
  return url.username === "" && url.password === "" ? undefined : "credentials";
};

const listOf = ({
  source,
  reader,
}: SourceContent):
  | { readonly url: string; readonly format: ListFormat }
  | { readonly problem: Diagnostic } => {
  const { value } = source;
  const select = reader.select?.value;
  if (!value.includes("/") && !value.includes(":")) {
    const entry = catalogueEntry(value);
    if (entry === undefined) {
      const meant = suggest(
        value,
        listCatalogue.map(({ name }) => name),
      );
      return { problem: diagnostic("unknown-list", { list: value, meant }, source.source) };
    }
    const found = reader.column === undefined ? entry.find(select) : undefined;
    if (found !== undefined)
      return { url: found.url, format: present({ select: found.select, column: found.column }) };
    const { selections, whole } = entry;
    const args = { list: entry.name, select, selections, whole, column: reader.column !== undefined };
    const place = reader.column ?? reader.select ?? source;
    return { problem: diagnostic("unknown-selection", args, place.source) };
  }
  const problem = urlProblem(value);
  if (problem !== undefined)
    return {
      problem: diagnostic(
        "bad-source",
        { problem, url: problem === "credentials" ? undefined : value },
        source.source,
      ),
    };
  return { url: value, format: present({ select, column: reader.column?.value }) };
};

/** The published list that a network asks for; undefined for a network of another kind. */
export const sourceOf = ({ name, content, allowEmpty }: RawNetwork): FoundSource | undefined => {
  if (content.kind !== "source") return undefined;
  const { reader, maxChange, maxAge } = content;
  const found = listOf(content);
  if ("problem" in found) return { ok: false, diagnostic: found.problem };
  const percent = Number.parseFloat(maxChange?.value ?? "");
  const days = Number.parseInt(maxAge?.value ?? "", 10);
  return {
    ok: true,
    source: {
      name,
      ...found,
      hostBits: reader.hostBits ?? "error",
      allowEmpty,
      ...(Number.isNaN(percent) ? {} : { maxChange: percent }),
      maxAge: Number.isNaN(days) ? defaultMaxAge : days,
    },
  };
};
