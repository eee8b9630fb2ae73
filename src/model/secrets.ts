/**
 * Keeps the tokens of this process out of every text that leaves it, should a setting, a file, a server or a library
 * repeat them. Whoever shortens, wraps or escapes a text redacts it first: half a token is still a secret, and one that
 * is cut in two is no longer found.
 */

export type Redact = (text: string) => string;

const mark = "[token]";

/**
 * As text, in small letters as a host is, percent-encoded, as in JSON, or in Base64. A token of fewer than four characters is no secret (an emulator's,
 * at most): replacing it would only make messages unreadable.
 */
const spellingsOf = (tokens: readonly string[]): readonly string[] => {
  const all = tokens
    .filter((token) => token.length >= 4)
    .flatMap((token) => [
      token,
      token.toLowerCase(),
      encodeURIComponent(token),
      JSON.stringify(token).slice(1, -1),
      Buffer.from(token, "utf8").toString("base64").replace(/=+$/, ""),
    ]);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
};

const replaced = (text: string, spellings: readonly string[]): string =>
  spellings.reduce((result, spelling) => result.replaceAll(spelling, mark), text);

/** A function that replaces each occurrence of one of the tokens, the longest first. */
export const redactor = (...tokens: readonly string[]): Redact => {
  const spellings = spellingsOf(tokens);
  return (text) => replaced(text, spellings);
};

/** Every variable that holds a token: `DBT_CLOUD_TOKEN`, `DBT_CLOUD_API_TOKEN`, and `DBT_CLOUD_TOKEN_<account id>`. */
export const tokensIn = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(env).flatMap(([name, value]) =>
    /^DBT_CLOUD_(API_)?TOKEN(_|$)/i.test(name) && value !== undefined ? [value, value.trim()] : [],
  );

let known: readonly string[] = [];

/** From now on these are the secrets; gives back what puts the former ones in force again. */
export const keepSecret = (tokens: readonly string[]): (() => void) => {
  const before = known;
  known = spellingsOf(tokens);
  return () => {
    known = before;
  };
};

/** Without the secrets of this process. */
export const redact: Redact = (text) => (known.length === 0 ? text : replaced(text, known));

/** Where the secrets of this process are in a text: UTF-16, end exclusive, in order and without overlap. */
export const secretPlaces = (text: string): readonly { readonly from: number; readonly to: number }[] => {
  const places: { from: number; to: number }[] = [];
  for (const spelling of known)
    for (let from = text.indexOf(spelling); from >= 0; from = text.indexOf(spelling, from + 1))
      places.push({ from, to: from + spelling.length });
  places.sort((a, b) => a.from - b.from || b.to - a.to);
  const apart: { from: number; to: number }[] = [];
  for (const place of places) {
    const last = apart.at(-1);
    if (last === undefined || place.from >= last.to) apart.push(place);
    else last.to = Math.max(last.to, place.to);
  }
  return apart;
};

/** What a secret is shown as. */
export const secretMark = mark;
