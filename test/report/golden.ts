/** Golden files: exact copies of what a renderer gives. UPDATE_GOLDEN=1 writes them anew, to be read in the diff. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

const folder = new URL("../golden/", import.meta.url);

/** `name`: `plan-hostile.md`. */
export const expectGolden = (name: string, text: string): void => {
  const file = new URL(name, folder);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, "utf8"));
};
