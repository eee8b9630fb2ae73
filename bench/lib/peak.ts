/** Loaded with --import: leaves the peak memory of the process, in MiB, in the file $BENCH_PEAK. */
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  writeFileSync(process.env["BENCH_PEAK"]!, String(process.resourceUsage().maxRSS / 1024));
});
