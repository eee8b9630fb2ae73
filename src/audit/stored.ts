/** What a run keeps in a file for the next one, of one account: how far a watch has come, the job of an export. */

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
    format: (one) => one === format,
    version: (one) => one === 1,
    accountId: (one) => typeof one === "number",
    host: isText,
    ...fields,
  };
  if (typeof value !== "object" || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  const isWhole = Object.entries(checks).every(([name, holds]) => holds(members.get(name)));
  // Each of its members has been looked at.
  return isWhole ? (value as R) : undefined;
};
