/** What the closed table of codes refuses: `tsc` fails where a line behind a mark compiles. Nothing runs this. */

import { code } from "../../src/model/codes/code.js";
import type { Repeated } from "../../src/model/codes/index.js";
import { diagnostic } from "../../src/model/diagnostic.js";

export const doesNotCompile = () => [
  // @ts-expect-error No such code.
  diagnostic("audit-several-actor", { file: "r.jsonl", actors: 2 }),
  // @ts-expect-error An argument is missing.
  diagnostic("audit-several-actors", { file: "r.jsonl" }),
  // @ts-expect-error An argument is of another type.
  diagnostic("audit-several-actors", { file: "r.jsonl", actors: "2" }),
  // @ts-expect-error All arguments are missing.
  diagnostic("audit-several-actors"),
  // @ts-expect-error A code without arguments has none.
  diagnostic("caller-unknown", { address: "192.0.2.1" }),
  // @ts-expect-error The meaning is missing.
  code<{ n: number }>({ severity: "error", message: ({ n }) => `${n}`, hint: "Fix it" }),
  // @ts-expect-error What to do is missing.
  code<{ n: number }>({ severity: "error", message: ({ n }) => `${n}`, meaning: "It is wrong." }),
  // @ts-expect-error What to do is missing.
  code({ severity: "error", message: "It is wrong" }),
  // @ts-expect-error What to do is missing: a hint that needs arguments cannot be on the page.
  code<{ n: number }>({ severity: "error", message: () => "Wrong", hint: () => "Fix it", meaning: "Wrong." }),
];

/** The codes that two tables have; that there are none is checked where the tables are joined. */
export const repeated: Repeated<[{ a: 1; b: 1 }, { c: 1 }, { b: 2 }]> = "b";
// @ts-expect-error No table has it twice.
export const notRepeated: Repeated<[{ a: 1; b: 1 }, { c: 1 }]> = "a";
