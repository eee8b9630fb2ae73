// Loaded with --require: leaves the peak memory of the process, in MiB, in the file $BENCH_PEAK.
const { writeFileSync } = require("node:fs");

process.on("exit", () => {
  writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS / 1024));
});
