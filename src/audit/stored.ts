/** What a run keeps in a file for the next one, of one account: how far a watch has come, the job of an export. */
import { isObject, member, readJson } from "../model/json.js";

export interface Stored {
  readonly format: `dbt-ip-rules/${string}`;
  readonly version: 1;
  readonly accountId: number;
  readonly host: string;
}

export const isText = (value: unknown): boolean => typeof value === "string";

/** A stored record of this format; undefined where the text is none, or one of another version. */
export const readStored = <R extends Stored>(
  text: string,
  format: R["format"],
  fields: Readonly<Record<Exclude<keyof R, keyof Stored>, (value: unknown) => boolean>>,
): R | undefined => {
  const value = readJson(text);
  if (!isObject(value)) return undefined;
  const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
    format: (one) => one === format,
    version: (one) => one === 1,
    accountId: (one) => typeof one === "number",
    host: isText,
    ...fields,
  };
  const isWhole = Object.entries(checks).every(([name, holds]) => holds(member(value, name)));
  // Each of its members has been looked at.
  return isWhole ? (value as R) : undefined;
};
