/** The process of the GitHub Action: its environment, its standard output, and its exit code. */
import { runAction } from "./action.js";
import { runProgram } from "./program.js";

process.exitCode = await runAction(process.env, {
  print: (text) => void process.stdout.write(text),
  runProgram,
});
