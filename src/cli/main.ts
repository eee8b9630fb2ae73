#!/usr/bin/env node
/**
 * The process: loads the program with what V8 compiled of it before, and sets the exit code. The questions that
 * scripts ask most, and that need no program, are answered from texts that the build put here (scripts/build.mjs).
 * The build makes CommonJS of it, since Node starts its loader of ES modules only for those. It uses the global
 * `process`: an import of `node:process` reads every property of it, and so opens all its streams.
 */
import { dirname, join } from "node:path";
import { allowClosedPipe } from "./closed-pipe.js";

declare const __VERSION__: string;
declare const __HELP__: string;
/** The file of the program in `dist/program`. */
declare const __PROGRAM__: string;

/** The help has no line that wraps at this width or above: the build makes sure of it. */
const helpWidth = 80;

const answerTo = (argv: readonly string[]): string | undefined => {
  const [word, ...more] = argv;
  if (more.length > 0) return undefined;
  if (word === "--version" || word === "-V") return `${__VERSION__}\n`;
  if (word === "--help" || word === "-h")
    return (process.stdout.columns ?? helpWidth) >= helpWidth ? __HELP__ : undefined;
  return undefined;
};

/** One for each command, so that a start reads no more than it needs. */
const cacheFile = (folder: string, command: string | undefined): string | undefined => {
  if (process.env["NODE_DISABLE_COMPILE_CACHE"] || process.env["NODE_V8_COVERAGE"]) return undefined;
  const name = command !== undefined && /^[a-z_]{1,20}$/.test(command) ? command : "program";
  return join(folder, "cache", `${process.version}-${process.arch}`, name);
};

const main = async (argv: readonly string[]): Promise<void> => {
  const answer = answerTo(argv);
  if (answer !== undefined) {
    allowClosedPipe(process.stdout);
    process.stdout.write(answer);
    return;
  }
  const { loadProgram } = await import("./code-cache.js");
  const dist = dirname(import.meta.dirname);
  // The file that the build made of `program.ts`.
  const program = loadProgram(join(dist, "program"), __PROGRAM__, cacheFile(dist, argv[0])) as Pick<
    typeof import("./program.js"),
    "runProcess"
  >;
  process.exitCode = await program.runProcess(argv);
};

void main(process.argv.slice(2));
