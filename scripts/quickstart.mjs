// Installs, builds and runs the demo, and says what it is doing: a silent minute looks like a program that hangs.
import { spawn } from "node:child_process";

const began = performance.now();
const seconds = () => `${Math.round((performance.now() - began) / 1000)} s`;

/**
 * A command line, its output shown; a line every five seconds while it is silent.
 *
 * @param {string} title
 * @param {string} line
 * @returns {Promise<void>}
 */
const step = (title, line) =>
  new Promise((done) => {
    console.error(title);
    const still = setInterval(() => console.error(`      still at it, ${seconds()}`), 5_000);
    const child = spawn(line, { shell: true, stdio: "inherit" });
    child.on("close", (code) => {
      clearInterval(still);
      if (code === 0) return done();
      console.error(`\nThis step failed: ${line}`);
      process.exit(code ?? 1);
    });
  });

await step(
  "[1/3] Installing the development packages (about a minute)",
  "npm ci --ignore-scripts --loglevel=error --no-fund --no-audit",
);
await step(`[2/3] Building, after ${seconds()}`, "npm run --silent build");
await step(`[3/3] The demo, after ${seconds()}`, "node dist/cli/main.js demo");
