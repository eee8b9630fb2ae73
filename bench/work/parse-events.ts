/** Counts the events of a file as one would with csv-parse, or with readline and JSON.parse: reading alone. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";

const [file = ""] = process.argv.slice(2);
let count = 0;
const input = createReadStream(file, { highWaterMark: 1_048_576 });
if (file.endsWith(".csv")) {
  for await (const _ of input.pipe(parse({ from_line: 2 }))) count += 1;
} else {
  for await (const line of createInterface({ input })) {
    const event: unknown = JSON.parse(line);
    if (typeof event === "object" && event !== null && "actor" in event) count += 1;
  }
}
process.stdout.write(`${count}\n`);
