/** Keeps the token out of what a thrown value says (model/secrets.ts). */
import type { Redact } from "../model/secrets.js";

export { type Redact, redactor } from "../model/secrets.js";

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
