/** Keeps the token out of every text that leaves this folder, should a server or a library repeat it. */

export type Redact = (text: string) => string;

/**
 * A function that replaces each occurrence of `token`, plain, percent-encoded, as in JSON, or in Base64.
 * A token of fewer than four characters is no secret (an emulator's, at most): replacing it would only
 * make messages unreadable.
 */
export const redactor = (token: string): Redact => {
  if (token.length < 4) return (text) => text;
  const encoded = encodeURIComponent(token);
  const base64 = Buffer.from(token, "utf8").toString("base64").replace(/=+$/, "");
  const escaped = JSON.stringify(token).slice(1, -1);
  const spellings = [...new Set([token, encoded, escaped, base64])].sort((a, b) => b.length - a.length);
  return (text) => spellings.reduce((result, spelling) => result.replaceAll(spelling, "[token]"), text);
};

/** What a thrown value says about itself, for `--debug`: never the value, which may carry headers and sockets. */
export const safeCause = (thrown: unknown, redact: Redact): Error => {
  if (!(thrown instanceof Error)) return new Error(redact(String(thrown)));
  const cause = new Error(redact(thrown.message === "" ? thrown.name : thrown.message));
  cause.name = redact(thrown.name);
  cause.stack = redact(thrown.stack ?? "");
  const code = codeOf(thrown);
  return code === undefined ? cause : Object.assign(cause, { code });
};

/** The `code` of a Node or undici error; of several tries (happy eyeballs), the first one's. */
export const codeOf = (thrown: unknown): string | undefined => {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  return undefined;
};
